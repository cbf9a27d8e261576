//! The map: the blocks of `ARCHITECTURE.md`.

use std::collections::BTreeMap;

pub(super) const MAP: &str = include_str!("../../../../ARCHITECTURE.md");

/// The floor of each room, from 0 at the top.
pub(super) fn floors() -> BTreeMap<&'static str, usize> {
    let (_, block) = MAP.split_once("<!-- floors").expect("the mark of the floors");
    let (_, block) = block.split_once("```text\n").expect("the floors");
    let (block, _) = block.split_once("```").expect("the end of the floors");
    let floors = block.lines().enumerate();
    floors
        .flat_map(|(floor, line)| line.split_whitespace().map(move |room| (room, floor)))
        .collect()
}

/// The lines of a block of the map, behind this mark.
pub(super) fn block(mark: &str) -> Vec<Vec<&'static str>> {
    let mark = format!("<!-- {mark}:");
    let (_, block) = MAP.split_once(&mark).unwrap_or_else(|| panic!("no `{mark}` on the map"));
    let (_, block) = block.split_once("```text\n").expect("a block behind its mark");
    let (block, _) = block.split_once("```").expect("the end of a block");
    block.lines().map(|line| line.split_whitespace().collect()).collect()
}
