"""Names of models that nobody has named."""

from napari_morphogen.plugin.model_paths import new_model_path


def test_a_model_of_the_same_second_is_not_replaced(monkeypatch):
    monkeypatch.setattr("time.strftime", lambda _: "20260101-120000")
    paths = []
    for _ in range(3):
        paths.append(new_model_path("my cells/1", "forest", ".npz"))
        paths[-1].touch()
    stem = "my_cells_1_forest_20260101-120000"
    assert [path.name for path in paths] == [
        f"{stem}.npz",
        f"{stem}_2.npz",
        f"{stem}_3.npz",
    ]
