//! Reading a diff: which files, which lines went and came, and what of them is code. Anything may stand in a diff, so every
//! length has a bound, and reading is one pass.

/// More than this of a diff is not read; what a change does shows early, and a generated file of megabytes shows nothing.
const MOST_BYTES: usize = 256 * 1024;

/// More lines are not read.
const MOST_LINES: usize = 4000;

/// A longer line is cut: it is data or minified code.
const LONGEST: usize = 600;

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// It is gone.
    Removed,
    /// It is new.
    Added,
    /// It stands around the others.
    Kept,
}

/// One line, without its comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sign: Sign,
    /// The code, trimmed; empty where there was only a comment.
    pub(super) code: String,
    /// Columns before the code.
    pub(super) indent: usize,
}

/// The changed part of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileDiff {
    /// Empty where the diff does not say and more than one file was touched.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
}

/// Of what sort a file is, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum FileKind {
    /// Text for people.
    Docs,
    /// Runs before a release only.
    Tests,
    /// How something looks.
    Looks,
    /// How it is built and checked.
    Building,
    /// Versions of what it depends on.
    Manifest,
    /// Settings.
    Settings,
    /// Code, schemas, and everything else.
    Code,
}

impl FileKind {
    /// Reads the kind from a path.
    pub(super) fn of(path: &str) -> Self {
        let lower = path.to_lowercase();
        let name = lower.rsplit('/').next().unwrap_or_default();
        let folder = |names: &[&str]| lower.split('/').rev().skip(1).any(|part| names.contains(&part));
        let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        const MANIFESTS: [&str; 18] = [
            "go.mod",
            "go.sum",
            "package.json",
            "package-lock.json",
            "yarn.lock",
            "pnpm-lock.yaml",
            "cargo.toml",
            "cargo.lock",
            "requirements.txt",
            "pyproject.toml",
            "poetry.lock",
            "pipfile",
            "pipfile.lock",
            "pom.xml",
            "build.gradle",
            "build.gradle.kts",
            "gemfile",
            "gemfile.lock",
        ];
        let tested = ["_test", ".test", ".spec"].iter().any(|ending| stem.ends_with(ending));
        let tested = tested || stem.starts_with("test_") || (stem.ends_with("test") && matches!(ending, "java" | "kt"));
        match () {
            () if MANIFESTS.contains(&name) => Self::Manifest,
            () if tested || folder(&["test", "tests", "testdata", "__tests__", "fixtures", "spec", "e2e"]) => {
                Self::Tests
            }
            () if matches!(ending, "md" | "rst" | "adoc" | "txt") || folder(&["docs", "doc"]) => Self::Docs,
            () if ["license", "codeowners", "changelog", "authors", "notice"].contains(&stem) => Self::Docs,
            () if matches!(
                ending,
                "css" | "scss" | "sass" | "less" | "svg" | "png" | "jpg" | "ico" | "woff2" | "html"
            ) =>
            {
                Self::Looks
            }
            () if ["theme", "themes", "palette", "styles"].contains(&stem)
                || folder(&["styles", "assets", "icons"]) =>
            {
                Self::Looks
            }
            () if folder(&[".github", ".circleci", ".gitlab", ".buildkite", ".vscode", ".idea"]) => Self::Building,
            () if name.starts_with('.') && matches!(ending, "yml" | "yaml" | "json" | "toml") => Self::Building,
            () if [".gitignore", ".editorconfig", "jenkinsfile", "makefile", ".gitlab-ci.yml"].contains(&name) => {
                Self::Building
            }
            () if matches!(
                ending,
                "yaml"
                    | "yml"
                    | "json"
                    | "toml"
                    | "ini"
                    | "conf"
                    | "cfg"
                    | "properties"
                    | "env"
                    | "tf"
                    | "tfvars"
                    | "hcl"
                    | "xml"
            ) =>
            {
                Self::Settings
            }
            () => Self::Code,
        }
    }
}

/// Reads a diff as `diff -u` or git tell it, or one whose hunk headers name the file (`@@ path/of/file.go: …`). `files` is
/// what the commit says it touches, for a diff that does not.
pub(super) fn parse(diff: &str, files: &[String]) -> Vec<FileDiff> {
    let mut end = diff.len().min(MOST_BYTES);
    while !diff.is_char_boundary(end) {
        end -= 1;
    }
    let mut found: Vec<FileDiff> = Vec::new();
    let only = if files.len() == 1 { files[0].as_str() } else { "" };
    let mut in_comment = false;
    for line in diff[..end].lines().take(MOST_LINES) {
        if let Some(path) = header(line) {
            in_comment = false;
            match path {
                // A removed file has no new name.
                "/dev/null" | "" => {}
                path if found.last().is_some_and(|file| file.path == path || file.lines.is_empty()) => {
                    if let Some(file) = found.last_mut() {
                        path.clone_into(&mut file.path);
                    }
                }
                path => found.push(FileDiff { path: path.to_owned(), lines: Vec::new() }),
            }
            continue;
        }
        if line.starts_with("@@") || line.starts_with("index ") || line.starts_with("\\ No newline") {
            continue;
        }
        let (sign, text) = match line.as_bytes().first() {
            Some(b'+') => (Sign::Added, &line[1..]),
            Some(b'-') => (Sign::Removed, &line[1..]),
            Some(b' ') => (Sign::Kept, &line[1..]),
            _ => (Sign::Kept, line),
        };
        if found.is_empty() {
            found.push(FileDiff { path: only.to_owned(), lines: Vec::new() });
        }
        let Some(file) = found.last_mut() else { continue };
        let text: String = text.chars().take(LONGEST).collect();
        let indent = text.chars().take_while(|character| character.is_whitespace()).count();
        let code = without_comment(text.trim(), &file.path, &mut in_comment);
        file.lines.push(Line { sign, code, indent });
    }
    found.retain(|file| !file.lines.is_empty());
    found
}

/// The file a header line names; none for a line that is no header, empty for a header that names none.
fn header(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("diff --git ") {
        return Some(rest.rsplit_once(" b/").map_or("", |(_, path)| path));
    }
    if let Some(path) = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- ")) {
        let path = path.split('\t').next().unwrap_or_default().trim();
        return Some(path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path));
    }
    let word = line.strip_prefix("@@")?.split_whitespace().next()?.trim_end_matches(':');
    let named = word.rsplit('/').next().is_some_and(|name| name.contains('.') && !name.ends_with('.'));
    (named && !word.starts_with(['-', '+'])).then_some(word)
}

/// A trimmed line without its comment. A block comment is followed over lines only where a line begins with it.
fn without_comment(line: &str, path: &str, in_comment: &mut bool) -> String {
    if *in_comment {
        *in_comment = !line.contains("*/");
        return String::new();
    }
    if line.starts_with("/*") || line.starts_with("<!--") {
        *in_comment = line.starts_with("/*") && !line.contains("*/");
        return String::new();
    }
    if line == "*" || line.starts_with("* ") || line.starts_with("*/") {
        return String::new();
    }
    let ending = path.rsplit('.').next().unwrap_or_default();
    let hash = !matches!(
        ending,
        "go" | "java" | "kt" | "ts" | "tsx" | "js" | "jsx" | "rs" | "c" | "cc" | "cpp" | "h" | "cs" | "swift" | "scala"
    );
    let dashes = matches!(ending, "sql" | "lua" | "hs");
    let bytes = line.as_bytes();
    let mut quote = None;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        let starts_word = at == 0 || bytes[at - 1].is_ascii_whitespace();
        match quote {
            Some(open) if byte == b'\\' && open != b'`' => at += 1,
            Some(open) if byte == open => quote = None,
            None if byte == b'"'
                || byte == b'`'
                || (byte == b'\'' && (starts_word || !bytes[at - 1].is_ascii_alphanumeric())) =>
            {
                quote = Some(byte);
            }
            None if bytes[at..].starts_with(b"//") && (at == 0 || bytes[at - 1] != b':') => return cut(line, at),
            None if byte == b'#' && hash && starts_word => return cut(line, at),
            None if dashes && bytes[at..].starts_with(b"--") => return cut(line, at),
            Some(_) | None => {}
        }
        at += 1;
    }
    line.to_owned()
}

/// What stands before the comment that begins at `at`, an ASCII character.
fn cut(line: &str, at: usize) -> String {
    line.get(..at).unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(diff: &str, files: &[&str], expected: &[(&str, &[&str])]) {
        let files: Vec<String> = files.iter().map(|file| (*file).to_owned()).collect();
        let parsed = parse(diff, &files);
        let told: Vec<(&str, Vec<String>)> = parsed
            .iter()
            .map(|file| {
                let sign = |line: &Line| match line.sign {
                    Sign::Removed => '-',
                    Sign::Added => '+',
                    Sign::Kept => ' ',
                };
                (file.path.as_str(), file.lines.iter().map(|line| format!("{}{}", sign(line), line.code)).collect())
            })
            .collect();
        let expected: Vec<(&str, Vec<String>)> = expected
            .iter()
            .map(|(path, lines)| (*path, lines.iter().map(|line| (*line).to_owned()).collect()))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn the_usual_forms_are_read() {
        let git = "diff --git a/src/a.py b/src/a.py\nindex 1..2 100644\n--- a/src/a.py\n+++ b/src/a.py\n@@ -1,2 +1,2 @@ def f():\n-  x = 1  # one\n+  x = 2\n y\n--- a/b.sql\n+++ b/b.sql\n@@ -1 +1 @@\n+DROP TABLE t; -- gone\n";
        check(git, &[], &[("src/a.py", &["-x = 1", "+x = 2", " y"]), ("b.sql", &["+DROP TABLE t;"])]);
        check(
            "@@ svc/a.go: func A() {\n-\treturn 1 // one\n@@ svc/b.go @@\n+\treturn 2\n",
            &[],
            &[("svc/a.go", &["-return 1"]), ("svc/b.go", &["+return 2"])],
        );
        check("@@ require (\n-a v1\n+a v2\n", &["go.mod"], &[("go.mod", &["-a v1", "+a v2"])]);
        check(
            "-// one\n+/* two\n+ * three */\n+u := \"http://x#y\" // four",
            &["a.go"],
            &[("a.go", &["-", "+", "+", "+u := \"http://x#y\""])],
        );
        check("", &["a"], &[]);
    }

    #[test]
    fn a_path_tells_the_kind() {
        for (path, kind) in [
            ("README.md", FileKind::Docs),
            ("docs/api/orders.yaml", FileKind::Docs),
            ("pkg/retry/backoff_test.go", FileKind::Tests),
            ("web/src/Cart.spec.tsx", FileKind::Tests),
            ("src/test/java/ATest.java", FileKind::Tests),
            ("web/theme.ts", FileKind::Looks),
            (".github/workflows/build.yml", FileKind::Building),
            ("requirements.txt", FileKind::Manifest),
            ("charts/api/values.yaml", FileKind::Settings),
            ("infra/main.tf", FileKind::Settings),
            ("db/migrations/0007.sql", FileKind::Code),
            ("latest.go", FileKind::Code),
        ] {
            assert_eq!(FileKind::of(path), kind, "{path}");
        }
    }
}
