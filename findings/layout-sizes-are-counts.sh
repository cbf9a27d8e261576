#!/usr/bin/env bash
# The width and the height that rust-sugiyama tells of a layout are no lengths, but numbers of vertices and of layers.
#
# Seen with rust-sugiyama 0.4.0. Its coordinates are lengths: three boxes of 160 by 40, one above two, with a spacing of
# 50 lie 210 apart from side to side. The same layout is told to be 2 wide and 2 high, whatever the boxes measure and however
# far apart they lie. The documentation calls these "the width, and the height"; a picture that is made so large cuts off nearly
# all of itself. A picture needs the smallest and the largest of the coordinates, and half a box more on each side.
#
# It prints two lines and ends with 0 while that holds:
#     spacing 50: told 2 by 2, the outermost centres are 210 apart
#     spacing 500: told 2 by 2, the outermost centres are 660 apart
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p look/src
cat >look/Cargo.toml <<'TOML'
[package]
name = "look"
version = "0.0.0"
edition = "2021"

[dependencies]
rust-sugiyama = "=0.4.0"
TOML
cat >look/src/main.rs <<'RUST'
use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;

fn main() {
    let boxes = [(0, (160.0, 40.0)), (1, (160.0, 40.0)), (2, (160.0, 40.0))];
    for spacing in [50.0, 500.0] {
        let config = Config { vertex_spacing: spacing, ..Config::default() };
        for (layout, width, height) in from_vertices_and_edges(&boxes, &[(0, 1), (0, 2)], &config) {
            let across = layout.iter().map(|(_, (x, _))| *x);
            let most = across.clone().fold(f64::MIN, f64::max);
            let least = across.fold(f64::MAX, f64::min);
            println!(
                "spacing {spacing}: told {width} by {height}, the outermost centres are {} apart",
                most - least
            );
        }
    }
}
RUST
cargo run --quiet --manifest-path look/Cargo.toml | tee seen
diff - seen <<'TEXT'
spacing 50: told 2 by 2, the outermost centres are 210 apart
spacing 500: told 2 by 2, the outermost centres are 660 apart
TEXT
