"""What every figure says, in one line, and who defined it."""

from typing import NamedTuple


class Meaning(NamedTuple):
    """The meaning of a figure.

    Attributes
    ----------
    text : str
        One line.
    doi : str
        Of the paper that defines it; empty for plain counts.
    """

    text: str
    doi: str


DSB = "10.1038/s41592-019-0612-7"
PANOPTIC = "10.1109/CVPR.2019.00963"
STATES = "10.1002/cyto.a.23863"
RATES = "10.1016/j.ipm.2009.03.002"
INFORMATION = "10.1016/j.jmva.2006.11.013"
BOUNDARY = "10.1109/TPAMI.2004.1273918"
DISTANCES = "10.1186/s12880-015-0068-x"

MEANINGS: dict[str, Meaning] = {
    name: Meaning(text, doi)
    for name, text, doi in (
        ("sparse", "1 where the truth is painted only in part, else 0", ""),
        ("pixels", "pixels that were counted", ""),
        ("truth_objects", "objects of the truth", ""),
        ("label_objects", "objects of the labels", ""),
        ("tp", "right: pairs of objects, or pixels of the class in both", RATES),
        ("fp", "only in the labels: objects, or pixels of the class", RATES),
        ("fn", "only in the truth: objects, or pixels of the class", RATES),
        ("tn", "pixels of the class in neither image", RATES),
        ("precision", "TP / (TP + FP): how much of the labels is right", RATES),
        ("recall", "TP / (TP + FN): how much of the truth was found", RATES),
        ("accuracy", "share of the pixels on which both images agree", RATES),
        ("dice", "2 TP / (2 TP + FP + FN) of a class", "10.2307/1932409"),
        (
            "iou",
            "TP / (TP + FP + FN) of a class: intersection over union",
            "10.1111/j.1469-8137.1912.tb05611.x",
        ),
        ("mean_dice", "mean of `dice` over the classes", "10.2307/1932409"),
        (
            "mean_iou",
            "mean IoU over the classes, or of each true object with its best",
            "10.1111/j.1469-8137.1912.tb05611.x",
        ),
        ("f1", "2 TP / (2 TP + FP + FN) of objects", RATES),
        ("ap", "TP / (TP + FP + FN) of objects from the IoU of the threshold on", DSB),
        ("mean_ap", "mean of `ap` over the thresholds", DSB),
        ("sq", "segmentation quality: mean IoU of the pairs", PANOPTIC),
        ("rq", "recognition quality: `f1` of the objects", PANOPTIC),
        ("pq", "panoptic quality: `sq` times `rq`", PANOPTIC),
        (
            "seg",
            "mean IoU of true objects with what holds more than half of them",
            "10.1093/bioinformatics/btu080",
        ),
        ("missed", "true objects without a partner, neither split nor merged", STATES),
        ("split", "true objects without a partner that hold several parts", STATES),
        ("merged", "true objects without a partner inside one that has more", STATES),
        ("extra", "objects of the labels without a partner or a share in one", STATES),
        (
            "rand",
            "adjusted Rand index: pairs of pixels rightly together or apart",
            "10.1007/BF01908075",
        ),
        ("vi_split", "bits by which true classes are cut up; 0 is best", INFORMATION),
        ("vi_merge", "bits by which true classes are run together", INFORMATION),
        ("tolerance", "distance up to which a boundary pixel is right", BOUNDARY),
        ("boundary_precision", "share of our boundary pixels that are right", BOUNDARY),
        ("boundary_recall", "share of true boundary pixels that were found", BOUNDARY),
        ("boundary_f", "harmonic mean of both boundary shares", BOUNDARY),
        (
            "hausdorff",
            "greatest distance from one boundary to the other",
            "10.1109/34.232073",
        ),
        ("hausdorff95", "the same for the nearest 95 of 100 pixels", DISTANCES),
        ("assd", "mean distance between both boundaries", DISTANCES),
        ("psnr", "peak signal-to-noise ratio in decibels", "10.1049/el:20080522"),
        ("ssim", "structural similarity, 1 is best", "10.1109/TIP.2003.819861"),
        (
            "rmse",
            "root of the mean squared difference of intensities",
            "10.1109/MSP.2008.930649",
        ),
        (
            "texture",
            "real texture at all scales: 1 is as real images; blind to lost variety",
            "10.48550/arXiv.1710.10196",
        ),
        (
            "sharpness",
            "real power at all frequencies: 1 is as real images; blind to shapes",
            "10.48550/arXiv.2003.01826",
        ),
        (
            "coverage",
            "real variety that is made: 1 is as real images; blind to copies and blur",
            "10.48550/arXiv.2002.09797",
        ),
        (
            "copies",
            "share that repeats a place in training images; blind to partial copies",
            "10.48550/arXiv.2004.05675",
        ),
    )
}


def meaning(name: str) -> Meaning:
    """Return the meaning of a figure by its name in a result.

    Parameters
    ----------
    name : str
        Such as ``"ap@0.50"``, a threshold or class behind the sign.

    Examples
    --------
    >>> meaning("dice@2").text
    '2 TP / (2 TP + FP + FN) of a class'
    """
    return MEANINGS[name.partition("@")[0]]
