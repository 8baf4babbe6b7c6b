//! The search order, and each way a binary can be wrong, with shell scripts that pretend.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use super::*;

/// A script that answers every call with `printed`. Another process writes it: what this one has open for
/// writing is inherited by whatever another test starts in that moment, and then cannot be run.
fn pretend(path: &Path, printed: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = path.with_extension("text");
    fs::write(&text, format!("#!/bin/sh\necho '{printed}'\n")).unwrap();
    assert!(Command::new("cp").arg(&text).arg(path).status().unwrap().success());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

struct Fixture {
    root: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn search(&self) -> Search {
        Search {
            explicit: None,
            path: env::join_paths([self.path("empty"), self.path("bin")]).unwrap(),
            cache: self.path("cache"),
        }
    }
}

#[test]
fn explicit_comes_before_path_and_path_before_the_cache() {
    let fixture = Fixture::new();
    let mut search = fixture.search();

    let cached = installed_at(&search.cache);
    pretend(&cached, "nats-server: v2.15.1");
    assert_eq!(search.locate().unwrap(), cached);

    let on_path = fixture.path("bin/nats-server");
    pretend(&on_path, "nats-server: v2.14.0");
    assert_eq!(search.locate().unwrap(), on_path);

    let explicit = fixture.path("own/server");
    pretend(&explicit, "nats-server: v2.12.0");
    search.explicit = Some(explicit.clone());
    assert_eq!(search.locate().unwrap(), explicit);
}

#[test]
fn none_says_where_it_looked() {
    let fixture = Fixture::new();
    let error = fixture.search().locate().unwrap_err();
    assert!(matches!(error, LocateError::NotFound { .. }));
    let text = error.to_string();
    assert!(text.contains("cache/nats-server-2.15.1/nats-server"), "{text}");
    assert!(text.contains("STEADFAST_NATS_SERVER"), "{text}");
}

#[test]
fn too_old_names_the_version_and_an_explicit_one_is_not_replaced() {
    let fixture = Fixture::new();
    let old = fixture.path("bin/nats-server");
    pretend(&old, "nats-server: v2.9.25");

    let error = fixture.search().locate().unwrap_err();
    assert!(matches!(&error, LocateError::TooOld { path, .. } if *path == old));
    assert!(error.to_string().contains("nats-server 2.9.25"), "{error}");

    let mut search = fixture.search();
    search.explicit = Some(old);
    let error = search.ensure().unwrap_err();
    assert!(matches!(error, EnsureError::Locate(LocateError::TooOld { .. })));
}

#[test]
fn something_else_is_not_taken_for_nats_server() {
    let fixture = Fixture::new();
    pretend(&fixture.path("bin/nats-server"), "hello");
    let error = fixture.search().locate().unwrap_err();
    assert!(matches!(error, LocateError::Probe(ProbeError::Unreadable { .. })));

    let mut search = fixture.search();
    search.explicit = Some(fixture.path("absent"));
    let error = search.locate().unwrap_err();
    assert!(matches!(error, LocateError::Probe(ProbeError::Run { .. })));
}
