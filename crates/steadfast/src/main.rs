//! The one binary; everything is in the library beside it.

use mimalloc::MiMalloc;

/// A run's messages are made on one thread and dropped on another: with glibc's allocator that took
/// a third of the engine's CPU under load.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> std::process::ExitCode {
    steadfast::cli::main()
}
