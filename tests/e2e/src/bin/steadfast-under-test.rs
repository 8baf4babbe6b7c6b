//! The steadfast binary, built with the tests so that it is never an older one.

fn main() -> std::process::ExitCode {
    steadfast::cli::main()
}
