"""Training: one command that starts a run, or goes on where it stopped."""

from pathlib import Path

import keras
from keras import ops

from models.architectures import aula, resnet, simple, vgg13
from models.augmentation import AS_THEY_ARE, USUAL
from models.batches import Batches
from models.dataset import Crops, DataError, Faces, Usage, read_all, read_crops, split_crops
from models.keeper import Keeper, Progress
from models.pretrained import FETCHED, PRETRAINED
from models.sam import SAM, Twice
from models.schedule import Schedule, note
from models.serving import load_keras, open_network

SMOOTHING = 0.1  # of the FER-2013 labels: people agree with them 65 ± 5 %
FACE_WEIGHT = 3.0  # most rows are faces and soon say so; the few crops have to be heard

ARCHITECTURES = {
    "simple": simple,
    "vgg13": vgg13,
    "resnet": resnet,
    "aula": aula,
    **PRETRAINED,
}


def train(data: Path, crops: Path | None, run: Path, schedule: Schedule) -> Path:
    """Train on the Training part and give the path of the averaged network, float32, run/network.keras.

    A run folder that holds a checkpoint is gone on with. Each epoch adds a line to run/log.csv, measured
    on PublicTest.
    """
    every = read_all(data)
    training, public = every.part(Usage.Training), every.part(Usage.PublicTest)
    proposals = split_crops(read_crops(crops))[0] if crops else None
    return fit(build(schedule), training, public, proposals, run, schedule)


def build(schedule: Schedule, **shape) -> keras.Model:
    """Build the network that the schedule asks for; `shape` as its architecture takes it."""
    if schedule.architecture in PRETRAINED:
        shape = {"imagenet": schedule.imagenet or FETCHED} | shape
    elif schedule.imagenet:
        raise DataError(
            f"--imagenet is for {' and '.join(PRETRAINED)}; {schedule.architecture} begins from nothing"
        )
    keras.utils.set_random_seed(schedule.seed)
    keras.mixed_precision.set_dtype_policy(schedule.precision)
    try:
        network = ARCHITECTURES[schedule.architecture](**shape)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    if schedule.weights:
        _begin_from(Path(schedule.weights), network)
    return network


def _begin_from(path: Path, network: keras.Model) -> None:
    """Give a network the trunk of another of its architecture, trained or served; heads are learnt anew."""
    trunk, theirs = _trunk(network), _trunk(load_keras(path))
    if [weight.shape for weight in trunk] != [weight.shape for weight in theirs]:
        raise DataError(f"{path} is of another architecture; its trunk doesn't fit")
    for ours, trained in zip(trunk, theirs, strict=True):
        ours.assign(trained)


def _trunk(network: keras.Model) -> list[keras.Variable]:
    """Give the weights of all that comes before the heads."""
    head = network.get_layer("ferplus" if "ferplus" in network.output else "scores")
    return keras.Model(network.input, head.input).weights


def fit(
    network: keras.Model, training: Faces, public: Faces, crops: Crops | None, run: Path, schedule: Schedule
) -> Path:
    """Train a network that is built, into a run folder; `train` says the rest."""
    batches = Batches(
        training,
        crops,
        batch=schedule.batch,
        crops_in_batch=schedule.crops_in_batch,
        seed=schedule.seed,
        augmentation=USUAL if schedule.augment else AS_THEY_ARE,
        mixup=schedule.mixup,
        class_weights=schedule.class_weights,
        teachers=[open_network(Path(teacher)) for teacher in schedule.teachers],
    )
    shown = Twice(batches) if schedule.sam else batches
    compile_for(network, schedule, steps=len(shown))
    run.mkdir(parents=True, exist_ok=True)
    keeper = Keeper(run, batches, public, schedule)
    done = keeper.resume(network)
    note(run, schedule, done)
    network.fit(
        shown,
        initial_epoch=done,
        epochs=schedule.epochs,
        shuffle=False,
        verbose=0,
        callbacks=[Progress(schedule.epochs, len(shown), done), keeper],
    )
    return run / "network.keras"


def compile_for(network: keras.Model, schedule: Schedule, steps: int) -> None:
    """Set the losses, and SGD with an epoch of warm-up and a cosine from there (`steps` an epoch)."""
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(schedule.epochs - 1, 1) * steps,
        alpha=0.002,
        warmup_target=schedule.learning_rate,
        warmup_steps=steps,
    )
    usual = {"momentum": 0.9, "nesterov": True, "global_clipnorm": 5.0}
    if schedule.sam:
        # the weights decay at both looks at a batch
        optimizer = SAM(rate, schedule.sam, weight_decay=schedule.weight_decay / 2, **usual)
    else:
        optimizer = keras.optimizers.SGD(rate, weight_decay=schedule.weight_decay, **usual)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    network.compile(
        optimizer,
        loss={"fer": smoothed_cross_entropy, "ferplus": cross_entropy, "face": binary_cross_entropy},
        loss_weights={"fer": 1.0, "ferplus": 1.0, "face": FACE_WEIGHT},
        # XLA on a CPU takes twice as long for these convolutions as TensorFlow's own kernels.
        jit_compile=keras.backend.backend() == "jax",
    )


def cross_entropy(shares, logits):
    """Cross entropy with shares (N, C), averaged over the rows that have any: a row of zeros has no label."""
    return -ops.sum(shares * ops.log_softmax(logits)) / ops.maximum(ops.sum(shares), 1.0)


def smoothed_cross_entropy(shares, logits):
    """Give every class a little of each label, as Szegedy et al. 2016 do, for the labels are noisy."""
    labelled = ops.sum(shares, axis=-1, keepdims=True)
    return cross_entropy((1 - SMOOTHING) * shares + SMOOTHING * labelled / shares.shape[-1], logits)


def binary_cross_entropy(is_face, logits):
    """Binary cross entropy of one logit, averaged over the batch."""
    return keras.losses.BinaryCrossentropy(from_logits=True)(is_face, logits)
