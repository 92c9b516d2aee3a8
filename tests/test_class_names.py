"""The check of `make lint` that no two classes share a name."""

from tests.class_names import main


def test_two_classes_of_one_name_fail_and_are_both_named(tmp_path, capsys):
    (tmp_path / "camera").mkdir()
    (tmp_path / "camera" / "sources.py").write_text('"""Sources."""\n\nclass Video:\n    pass\n')
    (tmp_path / "offline.py").write_text("class Video:\n    pass\n\n\nclass Picture:\n    pass\n")
    assert main([str(tmp_path)]) == 1
    message = capsys.readouterr().err
    assert message == (
        f"2 classes are named Video: {tmp_path}/camera/sources.py:3, {tmp_path}/offline.py:1\n"
    )


def test_a_name_counts_across_folders(tmp_path):
    for folder in ("app", "models"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "network.py").write_text("class Network:\n    pass\n")
        assert main([str(tmp_path / folder)]) == 0
    assert main([str(tmp_path / "app"), str(tmp_path / "models")]) == 1


def test_classes_inside_classes_may_share_a_name(tmp_path):
    """Forms and schemas each have a `Meta`."""
    (tmp_path / "forms.py").write_text(
        "class RoomForm:\n    class Meta:\n        pass\n\n\nclass UserForm:\n    class Meta:\n        pass\n"
    )
    assert main([str(tmp_path)]) == 0
