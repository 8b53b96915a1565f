//! What a build without features does not bring.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use std::path::Path;
use std::process::Command;

fn tree(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--package", "bot", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(arguments)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn of_aws(tree: &str) -> Vec<&str> {
    tree.lines().filter(|line| line.starts_with("aws-") || line.starts_with("lambda_")).collect()
}

#[test]
fn without_features_there_is_no_aws() {
    assert_eq!(of_aws(&tree(&[])), [""; 0]);
}

#[test]
fn with_aws_there_is_one_tls_and_one_hyper() {
    let tree = tree(&["--features", "aws"]);
    assert!(of_aws(&tree).iter().any(|line| line.starts_with("aws-sdk-dynamodb ")));
    for unwanted in ["aws-lc-rs ", "aws-lc-sys ", "hyper v0.14", "rustls v0.21", "openssl-sys ", "native-tls "] {
        assert!(!tree.contains(&format!("\n{unwanted}")), "{unwanted} is in the tree");
    }
}
