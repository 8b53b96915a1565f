//! The blast-radius picture: who suffers, since when, how it spread, and who is next, drawn as a layered graph with callers
//! above those they call.
//!
//! Everything is a pure function: [`scene()`] chooses what is drawn and what is only counted, [`layout()`] where it stands, and
//! [`svg()`], [`png()`], [`mermaid()`] and [`dot()`] write it down. The same situation gives the same bytes, in whatever order it was
//! read. A state is told by colour, symbol and word, so that the picture can be read in grey and read aloud.

mod choice;
mod dot;
mod font;
mod graph;
mod layout;
mod mermaid;
mod order;
mod place;
mod png;
mod ranks;
mod scene;
mod svg;
#[cfg(test)]
mod tests;
mod text;
mod tool;
#[cfg(test)]
mod worlds;

pub use dot::dot;
pub use layout::{Layout, Placed, Route, Tag, layout};
pub use mermaid::mermaid;
pub use png::{Png, png};
pub use scene::{Link, MOST, Node, Scene, State, Stub, measured, scene};
pub use svg::{Svg, svg};
pub use tool::{CreateDependencyVisualization, Format, Picture, scene_of};
