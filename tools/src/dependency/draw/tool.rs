//! The tool `create_dependency_visualization`.

use super::{Scene, dot, layout, measured, mermaid, png, scene, svg};
use crate::context::{Situation, verdict};
use crate::model::{Alarm, Topology, Verdict};
use crate::ports::Outside;
use crate::tool::{Effect, Subject, Tool, ToolError, ToolSpec};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How a picture is written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Pixels, 1,200 wide.
    #[default]
    Png,
    /// Shapes.
    Svg,
    /// A Mermaid flowchart.
    Mermaid,
    /// Graphviz's language.
    Dot,
}

/// Draws who suffers, since when, how it spread, and who is next.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateDependencyVisualization {
    /// The alarms to explain.
    pub alarms: Vec<Alarm>,
    /// The moment to speak about; nothing later is read.
    pub now: Timestamp,
    /// How to write it down.
    #[serde(default)]
    pub format: Format,
}

/// What is to be drawn of a situation about which `verdict` was given.
pub fn scene_of(situation: &Situation, verdict: &Verdict) -> Scene {
    let nothing = Topology::default();
    let topology = situation.topology.as_ref().unwrap_or(&nothing);
    let measured = measured(situation.series.as_deref().unwrap_or_default(), situation.now);
    scene(topology, verdict, &measured)
}

/// A picture, in the form that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "mcp", derive(schemars::JsonSchema))]
pub struct Picture {
    /// Which form.
    pub format: Format,
    /// The story in two sentences, for those who cannot see the picture.
    pub alt: String,
    /// Its width in pixels; that of the SVG where it has none of its own.
    pub width: u32,
    /// Its height, likewise.
    pub height: u32,
    /// The picture, where its form is text.
    pub text: Option<String>,
    /// The picture in base64, where it is pixels.
    pub png_base64: Option<String>,
}

impl Picture {
    /// Draws a situation: a pure function.
    pub fn of(situation: &Situation, format: Format) -> Self {
        let scene = scene_of(situation, &verdict(situation));
        let drawn = svg(&scene, &layout(&scene));
        let (width, height) = (pixels(drawn.width), pixels(drawn.height));
        let alt = scene.alt.clone();
        let text = match format {
            Format::Png => {
                let png = png(&drawn);
                let (width, height) = png.as_ref().map_or((width, height), |png| (png.width, png.height));
                let png_base64 = png.map(|png| STANDARD.encode(png.bytes));
                return Self { format, alt, width, height, text: None, png_base64 };
            }
            Format::Svg => drawn.text,
            Format::Mermaid => mermaid(&scene),
            Format::Dot => dot(&scene),
        };
        Self { format, alt, width, height, text: Some(text), png_base64: None }
    }

    /// The file it is.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match (self.text, self.png_base64) {
            (Some(text), _) => Some(text.into_bytes()),
            (None, Some(png)) => STANDARD.decode(png).ok(),
            (None, None) => None,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a picture has less than a million pixels a side"
)]
fn pixels(length: f64) -> u32 {
    length.round() as u32
}

#[async_trait]
impl Tool for CreateDependencyVisualization {
    const SPEC: ToolSpec = ToolSpec {
        name: "create_dependency_visualization",
        title: "Draw the blast radius",
        about: "Draws the services around a set of AWS alarms as a layered graph: the likely cause, who suffers and since \
                when, how it spread with minutes, who is expected next, and of whom nothing is known. As `png` (base64), \
                `svg`, `mermaid` or `dot`, with alt text that tells the story.",
        effect: Effect::Read,
        subject: Subject::Alarms,
    };
    type Answer = Picture;

    async fn call(self, outside: &Outside) -> Result<Picture, ToolError> {
        Ok(Picture::of(&Situation::read(self.alarms, self.now, outside).await, self.format))
    }
}
