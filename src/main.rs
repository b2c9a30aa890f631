//! The `crossdock` command. Everything is in the library, so that tests and `xtask` reach it.

fn main() -> std::process::ExitCode {
    crossdock::main()
}
