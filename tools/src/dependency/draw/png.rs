//! The picture as pixels.

use super::font::{FAMILY, FILES};
use super::svg::Svg;
use ::png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::{Arc, LazyLock};

/// As wide as a phone shows sharply.
const WIDE: f64 = 1200.0;
/// Higher pictures are drawn smaller.
const HIGH: f64 = 4000.0;

/// A picture in pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Png {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// No font of the machine is looked for: every machine draws the same.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    for file in FILES {
        fonts.load_font_data(file.to_vec());
    }
    fonts.set_sans_serif_family(FAMILY);
    Arc::new(fonts)
});

/// Draws an SVG of ours. None if there is not enough memory for it; an SVG that is not ours may be no SVG, or be empty.
pub fn png(svg: &Svg) -> Option<Png> {
    let options = Options { fontdb: Arc::clone(&FONTS), font_family: FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(&svg.text, &options).ok()?;
    let scale = (WIDE / svg.width).min(HIGH / svg.height);
    let (width, height) = (pixels(svg.width * scale)?, pixels(svg.height * scale)?);
    let mut pixmap = Pixmap::new(width, height)?;
    #[expect(clippy::cast_possible_truncation, reason = "a scale near 1")]
    let scale = scale as f32;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    Some(Png { bytes: encoded(&pixmap).ok()?, width, height })
}

/// The file. A picture has a white ground, so its pixels are opaque and need no alpha; most rows are like the one above them, so
/// filtering by it and the fast compression do.
fn encoded(pixmap: &Pixmap) -> Result<Vec<u8>, EncodingError> {
    let rgb: Vec<u8> = pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Up);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}

/// A whole number of pixels; none for what is no length.
fn pixels(length: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "its range was looked at")]
    (1.0..=65_535.0).contains(&length.round()).then(|| length.round() as u32)
}
