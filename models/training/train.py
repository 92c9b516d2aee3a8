"""Training: one command that starts a run or resumes it."""

from collections.abc import Callable
from pathlib import Path

import keras

from models.data.dataset import Crops, DataError, Faces, Split, read_crops, read_dataset, split_crops
from models.data.wild_faces import WildFaces, read_wild_faces
from models.network.architecture import aula
from models.network.network_heads import HEADS
from models.network.serving import load_keras, open_network
from models.training.batches import Batches
from models.training.callbacks import CheckpointCallback, EpochStart, ProgressBar
from models.training.sam import SAM, RepeatedBatches
from models.training.schedule import Schedule, record_schedule


def train(
    data: Path,
    crops: Path | None,
    run: Path,
    schedule: Schedule,
    architecture: Callable[..., keras.Model] = aula,
    wild: Path | None = None,
) -> Path:
    """Train on the Training split, and on faces in the wild if they are given.

    Return the path of the averaged network, run/network.keras. A run folder with a checkpoint is resumed.
    Each epoch adds a line to run/log.csv, measured on PublicTest and on held-out faces in the wild.
    """
    dataset = read_dataset(data)
    training, public = dataset.faces_of(Split.Training), dataset.faces_of(Split.PublicTest)
    training_crops = split_crops(read_crops(crops))[0] if crops else None
    wild_faces = read_wild_faces(wild) if wild else None
    return fit(build(schedule, architecture), training, public, training_crops, run, schedule, wild_faces)


def build(schedule: Schedule, architecture: Callable[..., keras.Model] = aula, **shape) -> keras.Model:
    """Build the schedule's network from an architecture, which takes `shape`."""
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_dtype_policy(schedule.precision)
    try:
        network = architecture(**shape)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    if schedule.weights:
        _load_trunk(Path(schedule.weights), network)
    return network


def _load_trunk(path: Path, network: keras.Model) -> None:
    """Copy the trunk of a network of the same architecture, trained or serving; heads are learnt anew."""
    trunk, saved = _trunk(network), _trunk(load_keras(path))
    if [weight.shape for weight in trunk] != [weight.shape for weight in saved]:
        raise DataError(f"{path} is of another architecture; its trunk doesn't fit")
    for weight, saved_weight in zip(trunk, saved, strict=True):
        weight.assign(saved_weight)


def _trunk(network: keras.Model) -> list[keras.Variable]:
    """Return the weights of everything before the heads."""
    head = network.get_layer("ferplus" if "ferplus" in network.output else "scores")
    return keras.Model(network.input, head.input).weights


def fit(
    network: keras.Model,
    training: Faces,
    public: Faces,
    crops: Crops | None,
    run: Path,
    schedule: Schedule,
    wild: WildFaces | None = None,
) -> Path:
    """Train a built network into a run folder, as `train` does."""
    batches = Batches(
        training,
        crops,
        batch=schedule.batch,
        crops_in_batch=schedule.crops_in_batch,
        seed=schedule.seed,
        mixup=schedule.mixup,
        teachers=[open_network(Path(teacher)) for teacher in schedule.teachers],
        wild=wild,
        wild_in_batch=schedule.wild_in_batch,
    )
    training_data = RepeatedBatches(batches) if schedule.sam else batches
    compile_network(network, schedule, steps=len(training_data))
    run.mkdir(parents=True, exist_ok=True)
    checkpoints = CheckpointCallback(run, public, schedule, wild)
    epochs_done = checkpoints.resume(network)
    record_schedule(run, schedule, epochs_done)
    network.fit(
        training_data,
        initial_epoch=epochs_done,
        epochs=schedule.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[
            EpochStart(batches, schedule),
            ProgressBar(schedule.epochs, len(training_data), epochs_done),
            checkpoints,
        ],
    )
    return run / "network.keras"


def compile_network(network: keras.Model, schedule: Schedule, steps: int) -> None:
    """Set the losses, and SGD with one epoch of warm-up, `steps` steps, and a cosine decay after it."""
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(schedule.epochs - 1, 1) * steps,
        alpha=0.002,
        warmup_target=schedule.learning_rate,
        warmup_steps=steps,
    )
    options = {"momentum": 0.9, "nesterov": True, "global_clipnorm": 5.0}
    if schedule.sam:
        # both passes over a batch decay the weights
        optimizer = SAM(rate, schedule.sam, weight_decay=schedule.weight_decay / 2, **options)
    else:
        optimizer = keras.optimizers.SGD(rate, weight_decay=schedule.weight_decay, **options)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    network.compile(
        optimizer,
        loss={head.name: head.loss for head in HEADS},
        loss_weights={head.name: head.loss_weight for head in HEADS},
        # XLA on a CPU takes twice as long for these convolutions as TensorFlow's own kernels.
        jit_compile=keras.backend.backend() == "jax",
    )
