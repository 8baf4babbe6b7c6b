//! Every dependency's licence is one that we may ship under Apache-2.0, and a few crates are banned.

use anyhow::Context;
use serde::Deserialize;

use super::Finding;
use crate::cargo;

/// Licences that ask for no more than their text.
const ALLOWED: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that bring a licence file and no name for it: the name, by somebody who read the file of
/// exactly this version.
const READ: [(&str, &str, &str); 1] = [("temporalio-protos", "0.10.2", "MIT")];

/// Crates that must not be in the tree, and why.
const BANNED: [(&str, &str); 2] = [
    ("openssl-sys", "TLS is rustls here: no system library to find at build time"),
    ("native-tls", "TLS is rustls here: one implementation on every platform"),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
}

/// Checks every package that this machine's build contains.
pub(crate) fn check() -> anyhow::Result<Vec<Finding>> {
    let host = host()?;
    let mut command = cargo::command(&["metadata", "--format-version", "1"]);
    command.args(["--filter-platform", &host]);
    let metadata: Metadata = serde_json::from_str(&cargo::output(command)?)?;
    let others = metadata.packages.iter().filter(|p| p.source.is_some());
    Ok(others.filter_map(finding).collect())
}

fn host() -> anyhow::Result<String> {
    let mut rustc = std::process::Command::new("rustc");
    rustc.arg("-vV").current_dir(cargo::root());
    let printed = cargo::output(rustc)?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

fn finding(package: &Package) -> Option<Finding> {
    let banned = BANNED.iter().find(|(name, _)| *name == package.name);
    let read =
        READ.iter().find(|(name, version, _)| *name == package.name && *version == package.version);
    let licence = package.license.as_deref().or(read.map(|(_, _, licence)| *licence));
    let advice = match (banned, licence) {
        (Some((_, why)), _) => format!("is banned: {why}"),
        (None, None) => "names no licence: read its own, and find another crate if in doubt".into(),
        (None, Some(licence)) if !allows(licence) => {
            format!("has the licence `{licence}`, which is not in ALLOWED in tidy/licences.rs")
        }
        (None, Some(_)) => return None,
    };
    Some(Finding {
        path: "Cargo.lock".to_owned(),
        line: 1,
        advice: format!("{} {} {advice}", package.name, package.version),
    })
}

/// Whether an SPDX expression can be satisfied with the allowed licences alone.
fn allows(expression: &str) -> bool {
    // Before SPDX expressions, a slash meant OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { tokens: &tokens };
    let allowed = parser.any_of();
    allowed && parser.tokens.is_empty()
}

/// OR of ANDs of licences and parentheses; reads everything, whatever the outcome.
struct Parser<'a> {
    tokens: &'a [&'a str],
}

impl<'a> Parser<'a> {
    fn eat(&mut self, wanted: &str) -> bool {
        let found = self.tokens.first() == Some(&wanted);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn next(&mut self) -> &'a str {
        let Some((first, rest)) = self.tokens.split_first() else {
            return "";
        };
        self.tokens = rest;
        first
    }

    fn any_of(&mut self) -> bool {
        let mut allowed = self.all_of();
        while self.eat("OR") {
            allowed |= self.all_of();
        }
        allowed
    }

    fn all_of(&mut self) -> bool {
        let mut allowed = self.one();
        while self.eat("AND") {
            allowed &= self.one();
        }
        allowed
    }

    fn one(&mut self) -> bool {
        if self.eat("(") {
            let allowed = self.any_of();
            return self.eat(")") && allowed;
        }
        let mut licence = self.next().to_owned();
        if self.eat("WITH") {
            licence = format!("{licence} WITH {}", self.next());
        }
        ALLOWED.contains(&licence.as_str())
    }
}

#[cfg(test)]
mod tests {
    //! Expressions as crates write them.

    use super::*;

    #[test]
    fn expressions_are_read_as_spdx() {
        for allowed in [
            "MIT",
            "MIT/Apache-2.0",
            "MIT OR GPL-3.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR MIT",
            "LGPL-2.1-or-later OR (MIT AND ISC)",
        ] {
            assert!(allows(allowed), "{allowed}");
        }
        for refused in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "(MIT OR Apache-2.0) AND SSPL-1.0",
            "Apache-2.0 WITH Other-exception",
            "(MIT",
            "MIT ISC",
            "",
        ] {
            assert!(!allows(refused), "{refused}");
        }
    }

    #[test]
    fn a_package_with_another_licence_is_found() {
        let package = |name: &str, license: Option<&str>| Package {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: Some("registry".to_owned()),
        };
        assert!(finding(&package("good", Some("MIT"))).is_none());
        assert!(finding(&package("closed", Some("SSPL-1.0"))).is_some());
        assert!(finding(&package("silent", None)).is_some());
        assert!(finding(&package("openssl-sys", Some("MIT"))).is_some());
    }
}
