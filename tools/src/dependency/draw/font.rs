//! The fonts that pictures are drawn with, and how wide a text is in them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The family, as the files name it.
pub(super) const FAMILY: &str = "Inter";

/// The font files, regular and bold. Where they are from is told in `tools/fonts/README.md`.
pub(super) const FILES: [&[u8]; 2] =
    [include_bytes!("../../../fonts/Inter-Regular.ttf"), include_bytes!("../../../fonts/Inter-Bold.ttf")];

/// The width of a character that the fonts lack, in em: that of an ideograph, the widest a viewer is likely to draw.
const STRANGER: f64 = 1.0;

/// How heavy a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    /// 400.
    Regular,
    /// 700.
    Bold,
}

/// How wide `text` is when set in `size` pixels an em, in pixels.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let advances = &ADVANCES[match weight {
        Weight::Regular => 0,
        Weight::Bold => 1,
    }];
    text.chars().map(|char| advances.get(&char).copied().unwrap_or(STRANGER)).sum::<f64>() * size
}

/// For each file the advance of each character it has, in em.
static ADVANCES: LazyLock<[BTreeMap<char, f64>; 2]> =
    LazyLock::new(|| FILES.map(|file| advances(file).expect("the embedded fonts are whole: a test reads them")));

/// Reads the tables `head`, `hhea`, `hmtx` and `cmap` (format 4) of a TrueType file, as the `OpenType` specification lays
/// them out. None where the file is cut off or of another format.
fn advances(file: &[u8]) -> Option<BTreeMap<char, f64>> {
    let em = f64::from(u16_at(table(file, *b"head")?, 18)?);
    let metrics = usize::from(u16_at(table(file, *b"hhea")?, 34)?);
    let hmtx = table(file, *b"hmtx")?;
    // Glyphs after the last metric share it.
    let advance = |glyph: u16| u16_at(hmtx, 4 * usize::from(glyph).min(metrics.checked_sub(1)?));
    let cmap = table(file, *b"cmap")?;
    let mut subtables = (0..usize::from(u16_at(cmap, 2)?)).filter_map(|at| cmap.get(u32_at(cmap, 8 + 8 * at)?..));
    let map = subtables.find(|subtable| u16_at(subtable, 0) == Some(4))?;
    let segments = usize::from(u16_at(map, 6)?) / 2;
    let mut found = BTreeMap::new();
    for segment in 0..segments {
        let end = u16_at(map, 14 + 2 * segment)?;
        let start = u16_at(map, 16 + 2 * (segments + segment))?;
        let delta = u16_at(map, 16 + 2 * (2 * segments + segment))?;
        let offset_at = 16 + 2 * (3 * segments + segment);
        let offset = usize::from(u16_at(map, offset_at)?);
        for code in (start..=end).filter(|code| *code != u16::MAX) {
            let glyph = if offset == 0 {
                code.wrapping_add(delta)
            } else {
                match u16_at(map, offset_at + offset + 2 * usize::from(code - start))? {
                    0 => 0,
                    glyph => glyph.wrapping_add(delta),
                }
            };
            if let Some(char) = char::from_u32(u32::from(code)).filter(|_| glyph != 0) {
                found.insert(char, f64::from(advance(glyph)?) / em);
            }
        }
    }
    Some(found)
}

fn table(file: &[u8], tag: [u8; 4]) -> Option<&[u8]> {
    let records = (0..usize::from(u16_at(file, 4)?)).map(|at| 12 + 16 * at);
    let record = records.into_iter().find(|&at| file.get(at..at + 4) == Some(tag.as_slice()))?;
    file.get(u32_at(file, record + 8)?..)?.get(..u32_at(file, record + 12)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, regular: f64, bold: f64) {
        for (weight, expected) in [(Weight::Regular, regular), (Weight::Bold, bold)] {
            let found = width(text, 2048.0, weight);
            assert!((found - expected).abs() < 1e-9, "{text} in {weight:?}: {found}, not {expected}");
        }
    }

    /// The figures are those that fonttools prints of `hmtx`.
    #[test]
    fn widths_are_those_of_the_files() {
        check("", 0.0, 0.0);
        check("a", 1150.0, 1189.0);
        check("Ж", 1966.0, 2188.0);
        // A character that is not there counts a whole em.
        check("支", 2048.0, 2048.0);
    }

    #[test]
    fn a_file_that_is_cut_off_is_no_font() {
        for length in [0, 3, 11, 100, 400] {
            assert!(advances(&FILES[0][..length]).is_none(), "{length} bytes");
        }
    }
}
