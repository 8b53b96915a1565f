//! What is deployed: the program starts on Lambda's machines, and the template is one that AWS takes.

use std::process::Command;
use tests::{bootstrap, python};

#[test]
fn the_program_starts_where_the_c_library_is_2_34() {
    let program = std::fs::read(bootstrap::build().program).expect("it was just built");
    let newer = bootstrap::newer_than(bootstrap::GLIBC, &program).expect("the program is an ELF file");
    assert!(newer.is_empty(), "provided.al2023 has no {newer:?}: the program would not start there");
}

/// The look at symbols must see something: this very program asks for more than the first C library of the machine.
#[test]
fn newer_symbols_are_seen() {
    let this = std::env::current_exe().expect("this program is a file");
    let program = std::fs::read(this).expect("it can be read");
    let newer = bootstrap::newer_than((2, 2), &program).expect("the program is an ELF file");
    assert!(newer.iter().any(|symbol| symbol.contains("@GLIBC_2.3")), "{newer:?}");
    assert_eq!(bootstrap::newer_than((9, 0), &program).expect("the program is an ELF file"), [""; 0]);
}

#[test]
fn the_template_is_lint_clean() {
    let tools = python::tools("cfn-lint", &["cfn-lint==1.58.0"]);
    let linted = Command::new(tools.bin.join("cfn-lint")).arg(python::workspace().join("infra/template.yaml")).output();
    let linted = linted.expect("cfn-lint was just installed");
    assert!(linted.status.success(), "{}", String::from_utf8_lossy(&linted.stdout));
}
