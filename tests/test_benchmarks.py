"""Benchmarks reach into the program by name, so each runs here once on a second of film."""

from benchmarks import films, newcomers, pipeline


def test_the_pipeline_is_measured_beside_the_full_sweep_and_the_baseline():
    row = pipeline.measure(films.drawn(students=4, width=640, height=480, seconds=3, fps=5))
    assert row["faces"] > 1
    assert row["recall"] > 0.5
    assert all(row[stage] > 0 for stage in ("near", "sweep", "classify", "draw", "encode", "× baseline"))


def test_newcomers_are_found_and_their_wait_is_measured():
    row = newcomers.measure((640, 480), students=2, fps=2)
    assert row["found"] == row["appeared"] == 2
