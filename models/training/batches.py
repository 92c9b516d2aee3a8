"""Training batches: faces, crops, and faces in the wild, augmented anew, with a target for each head."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from app.vision.crop import SIDE, as_input
from app.vision.emotion import EMOTIONS
from models.data.dataset import Crops, Faces, separate_non_faces
from models.data.votes import SEVEN, ferplus_shares
from models.data.wild_faces import WildFaces
from models.training.augmentation import DEFAULT_AUGMENTATION, Augmentation, augment, degrade
from models.training.distillation import Teacher, distilled_targets

MIXUP_CHANCE = 0.65  # of a batch
VOTES_IN_WILD = 0.25
"""How much a face of FER-2013, by its votes and its teachers, counts for the `wild` head."""

WILD_IN_FACE = 0.1
"""How much a face in the wild counts for the `face` head: a detector found them, so they teach it little."""


class Batches(keras.utils.PyDataset):
    """Every face once an epoch; a batch also holds some crops, which train the `face` head, and `wild` faces.

    Wild faces are drawn by their chances. With teachers, the faces among the crops get the teachers' answers
    as their labels; wild faces keep their targets.

    Batch and epoch number seed the random numbers: a resumed run sees what an unbroken one would have seen.
    `Schedule` explains the options.
    """

    def __init__(
        self,
        faces: Faces,
        crops: Crops | None,
        *,
        batch: int,
        crops_in_batch: int,
        seed: int,
        augmentation: Augmentation = DEFAULT_AUGMENTATION,
        mixup: float = 0.4,
        teachers: Sequence[Teacher] = (),
        wild: WildFaces | None = None,
        wild_in_batch: int = 0,
    ):
        super().__init__()
        faces, non_faces = separate_non_faces(faces)
        crops = crops or Crops(np.empty((0, SIDE, SIDE), np.uint8), np.empty(0, bool))
        wild = wild or WildFaces.none()
        self._face_count, self._crop_count = len(faces), len(crops) + len(non_faces)
        self._images = np.concatenate([faces.images, crops.images, non_faces.images, wild.images])
        is_face = np.concatenate([np.ones(len(faces)), crops.is_face, non_faces.is_face])
        self._is_face = is_face.astype(np.float32)[:, np.newaxis]
        self._targets = {
            "fer": self._of_faces_only(np.eye(len(EMOTIONS), dtype=np.float32)[faces.labels]),
            "ferplus": self._of_faces_only(ferplus_shares(faces.votes)),
        }
        self._wild_targets, self._wild_chances = wild.targets, wild.chances
        self._wild_weights = WILD_IN_FACE * np.stack([wild.is_found, np.zeros(len(wild))], 1).astype(
            np.float32
        )
        self._wild_in_batch = wild_in_batch if len(wild) else 0
        self._batch = batch
        self._crops_in_batch = crops_in_batch if self._crop_count else 0
        self._seed = seed
        self._teachers = teachers
        self._augmentation = augmentation
        self._mixup_alpha = mixup
        self.start_epoch(0, mixup=True)

    def __len__(self) -> int:
        return max(self._face_count // self._batch, 1)

    def start_epoch(self, epoch: int, *, mixup: bool) -> None:
        """Shuffle the faces for an epoch; `mixup` switches mixing on or off for all of it."""
        self._epoch, self._mixup = epoch, mixup
        self._order = np.random.default_rng([self._seed, epoch]).permutation(self._face_count)

    def __getitem__(self, index: int):
        random = np.random.default_rng([self._seed, self._epoch, index])
        faces = self._order[index * self._batch : (index + 1) * self._batch]
        crops = self._face_count + random.integers(0, max(self._crop_count, 1), self._crops_in_batch)
        rows = np.concatenate([faces, crops])
        wild = self._drawn_wild(random)
        images = self._images[np.concatenate([rows, len(self._is_face) + wild])]
        pixels = augment(as_input(images), self._augmentation, random)
        targets = {head: of_rows[rows] for head, of_rows in self._targets.items()}
        targets["wild"] = np.concatenate([targets["ferplus"][:, SEVEN], self._wild_targets[wild]])
        if self._mixup and self._mixup_alpha and random.random() < MIXUP_CHANCE:
            pixels, targets = self._mixed(pixels, targets, len(faces), random)
        if self._teachers:
            targets = distilled_targets(self._teachers, pixels, targets)
        is_face = self._is_face[rows]
        targets["fer"], targets["ferplus"] = (
            ops.multiply(targets[head], is_face) for head in ("fer", "ferplus")
        )
        counts_in_wild = np.concatenate([VOTES_IN_WILD * is_face, np.ones((len(wild), 1), np.float32)])
        wild_rows = ((0, len(wild)), (0, 0))
        return degrade(pixels, self._augmentation, random), {
            "fer": ops.pad(targets["fer"], wild_rows),
            "ferplus": ops.pad(targets["ferplus"], wild_rows),
            "wild": ops.multiply(targets["wild"], counts_in_wild),
            "face": np.concatenate([np.hstack([is_face, 1 - is_face]), self._wild_weights[wild]]),
        }

    def _drawn_wild(self, random: np.random.Generator) -> np.ndarray:
        """Draw the batch's wild faces by their chances: their indices."""
        if not self._wild_in_batch:
            return np.empty(0, int)
        return random.choice(len(self._wild_chances), self._wild_in_batch, p=self._wild_chances)

    def _mixed(self, pixels, targets: dict[str, np.ndarray], faces: int, random: np.random.Generator):
        """Mix each face with another of its kind (Zhang et al. 2018); crops stay as they are."""
        share = random.beta(self._mixup_alpha, self._mixup_alpha)
        taught, everybody = len(targets["fer"]), len(targets["wild"])
        partner = np.concatenate([random.permutation(faces), np.arange(faces, taught)])
        partner_of_all = np.concatenate([partner, random.permutation(np.arange(taught, everybody))])
        pixels = share * pixels + (1 - share) * ops.take(pixels, partner_of_all, axis=0)
        partners = {"fer": partner, "ferplus": partner, "wild": partner_of_all}
        return pixels, {head: share * t + (1 - share) * t[partners[head]] for head, t in targets.items()}

    def _of_faces_only(self, targets: np.ndarray) -> np.ndarray:
        """Append rows of zeros for the crops: such a row has no label and adds nothing to the loss."""
        return np.concatenate([targets, np.zeros((self._crop_count, targets.shape[1]), np.float32)])
