"""How the contexts of a show are built: one function for each kind of show.

*steps* are the task types of a shot, in the order of work. Every copy of a show gets as many
contexts of each kind as the first.
"""

from collections.abc import Callable, Sequence

from ftrack_sandbox.seed.cut import Cut, Film, films
from ftrack_sandbox.seed.text import BUILDS, DESCRIPTIONS, ODD_NAMES
from ftrack_sandbox.seed.tree import Node, Tree


def series(tree: Tree, steps: Sequence[str]) -> None:
    """Add an episode a film, asset builds beside them."""
    _builds(tree, ("modeling", "texture", "lookdev"), lambda kind: None)
    for number, name in enumerate(("Meridian", "Sparks"), start=2 * tree.number + 1):
        episode = tree.add("Episode", f"E{number:02}_{name}", place=0.5)
        tree.add("Task", "editorial", episode, type="editing")
        _sequences(tree, steps, films()[name], f"{name[:3].upper()}{number:02}", episode, per_sequence=12)


def feature(tree: Tree, steps: Sequence[str]) -> None:
    """Add folders of asset builds and of editorial work, milestones, and sequences of shots."""
    assets = tree.add("Folder", tree.suffixed("Assets"))
    folders = {
        kind: tree.add("Folder", name, assets)
        for kind, name in (("character", "Characters"), ("prop", "Props"), ("environment", "Environments"))
    }
    _builds(tree, ("concept", "modeling", "texture", "rigging", "lookdev"), folders.__getitem__)
    editorial = tree.add("Folder", tree.suffixed("Editorial"), place=0.5)
    for name, kind in (("assembly", "editing"), ("conform", "editing"), ("production notes", "production")):
        tree.add("Task", name, editorial, type=kind)
    _odd_names(tree)
    for place, name in ((0.1, "Script lock"), (0.5, "Picture lock"), (1.0, "Übergabe an den Verleih, final")):
        tree.add("Milestone", tree.suffixed(name), type="delivery", place=place)
    _sequences(tree, steps, films()["StEM2"], "", None, per_sequence=14)


def short(tree: Tree, steps: Sequence[str]) -> None:
    """Add the sequences of the animatic and of the film."""
    animatic, final = films()["Sol Levante (animatic)"], films()["Sol Levante"]
    _sequences(tree, steps, animatic, "ANM", None, per_sequence=len(animatic.cuts))
    _sequences(tree, steps, final, "SOL", None, per_sequence=18)
    tree.add("Task", tree.suffixed("grade & master"), type="compositing", place=1.0)


def _builds(tree: Tree, steps: Sequence[str], folder: Callable[[str], Node | None]) -> None:
    for index, (name, kind) in enumerate(BUILDS.items()):
        parent = folder(kind)
        place = index / len(BUILDS) / 4
        build = tree.add("AssetBuild", tree.suffixed(name), parent, type=kind, place=place)
        for step in steps:
            if step != "rigging" or kind != "environment":
                tree.add("Task", step, build, type=step)


def _odd_names(tree: Tree) -> None:
    """Names as a database of many years holds them, on asset builds and on tasks."""
    folder = tree.add("Folder", tree.suffixed("Alt-Import 2019 (nicht löschen!)"), place=0.2)
    for index, name in enumerate(ODD_NAMES):
        text = DESCRIPTIONS[index % len(DESCRIPTIONS)]
        build = tree.add("AssetBuild", name, folder, type="prop", description=text)
        tree.add(
            "Task", name, build, type="generic", description=DESCRIPTIONS[-1 - index % len(DESCRIPTIONS)]
        )


def _sequences(
    tree: Tree, steps: Sequence[str], film: Film, code: str, parent: Node | None, *, per_sequence: int
) -> None:
    """Add the film's cuts as shots, *per_sequence* to a sequence."""
    # Sequences of all copies but those below an episode lie beside each other: their numbers go on.
    count = -(-len(film.cuts) // per_sequence)
    first = 0 if parent else tree.number * count
    for index in range(count):
        name = f"{code or 'sq'}_{10 * (first + index + 1):03}"
        sequence = tree.add("Sequence", name, parent, place=index / count, fps=film.fps)
        tree.add("Task", "layout", sequence, type="layout")
        cuts = film.cuts[index * per_sequence : (index + 1) * per_sequence]
        for number, cut in enumerate(cuts, start=1):
            place = (index + number / len(cuts)) / count
            shot = tree.add(
                "Shot", _shot_name(name, number, cut), sequence, frames=cut.frames, fps=film.fps, place=place
            )
            for step in steps:
                if _needed(step, cut, number):
                    tree.add("Task", step, shot, type=step)


def _shot_name(sequence: str, number: int, cut: Cut) -> str:
    return f"{sequence}_{cut.name.lower() or f'{10 * number:04}'}"


def _needed(step: str, cut: Cut, number: int) -> bool:
    """Whether a shot has the step: a matter of the cut, so that every copy has as many tasks."""
    if cut.name:
        return step == "compositing"
    if step == "fx":
        return cut.frames % 2 == 0
    if step == "roto":
        return number % 2 == 0
    return step != "matchmove" or cut.frames >= 40
