//! The regions as CloudWatch calls them in words: `US East (N. Virginia)`.

/// Regions and their names. Older names of Europe begin with `EU`.
const NAMES: [(&str, &str); 38] = [
    ("us-east-1", "us east (n. virginia)"),
    ("us-east-2", "us east (ohio)"),
    ("us-west-1", "us west (n. california)"),
    ("us-west-2", "us west (oregon)"),
    ("af-south-1", "africa (cape town)"),
    ("ap-east-1", "asia pacific (hong kong)"),
    ("ap-east-2", "asia pacific (taipei)"),
    ("ap-south-1", "asia pacific (mumbai)"),
    ("ap-south-2", "asia pacific (hyderabad)"),
    ("ap-northeast-1", "asia pacific (tokyo)"),
    ("ap-northeast-2", "asia pacific (seoul)"),
    ("ap-northeast-3", "asia pacific (osaka)"),
    ("ap-southeast-1", "asia pacific (singapore)"),
    ("ap-southeast-2", "asia pacific (sydney)"),
    ("ap-southeast-3", "asia pacific (jakarta)"),
    ("ap-southeast-4", "asia pacific (melbourne)"),
    ("ap-southeast-5", "asia pacific (malaysia)"),
    ("ap-southeast-6", "asia pacific (new zealand)"),
    ("ap-southeast-7", "asia pacific (thailand)"),
    ("ca-central-1", "canada (central)"),
    ("ca-west-1", "canada west (calgary)"),
    ("cn-north-1", "china (beijing)"),
    ("cn-northwest-1", "china (ningxia)"),
    ("eu-central-1", "europe (frankfurt)"),
    ("eu-central-2", "europe (zurich)"),
    ("eu-west-1", "europe (ireland)"),
    ("eu-west-2", "europe (london)"),
    ("eu-west-3", "europe (paris)"),
    ("eu-south-1", "europe (milan)"),
    ("eu-south-2", "europe (spain)"),
    ("eu-north-1", "europe (stockholm)"),
    ("il-central-1", "israel (tel aviv)"),
    ("me-south-1", "middle east (bahrain)"),
    ("me-central-1", "middle east (uae)"),
    ("mx-central-1", "mexico (central)"),
    ("sa-east-1", "south america (sao paulo)"),
    ("us-gov-east-1", "aws govcloud (us-east)"),
    ("us-gov-west-1", "aws govcloud (us-west)"),
];

/// The region that `told` names, in words or as `us-east-1`. A name that is not known is none.
pub(super) fn named(told: &str) -> Option<String> {
    let words = told.trim().to_lowercase().replace('ã', "a");
    let words = words.strip_prefix("eu (").map_or_else(|| words.clone(), |rest| format!("europe ({rest}"));
    let known = NAMES.iter().find(|(_, name)| *name == words).map(|(region, _)| (*region).to_owned());
    known.or_else(|| super::region(told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_read_from_words_and_from_ids() {
        #[track_caller]
        fn check(told: &str, expected: Option<&str>) {
            assert_eq!(named(told).as_deref(), expected, "{told}");
        }
        check("US East (N. Virginia)", Some("us-east-1"));
        check(" EU (Ireland) ", Some("eu-west-1"));
        check("Europe (Ireland)", Some("eu-west-1"));
        check("South America (São Paulo)", Some("sa-east-1"));
        check("eu-central-1", Some("eu-central-1"));
        for told in ["", "Moon (Crater)", "US East", "us east 1"] {
            check(told, None);
        }
        for (region, name) in NAMES {
            check(name, Some(region));
            assert!(super::super::region(region).is_some(), "{region}");
        }
    }
}
