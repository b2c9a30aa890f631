//! Makes cargo look at the folders that are embedded in the binary: a changed contract is a changed program.

fn main() {
    for path in ["contracts", "mocks", "scenarios", "starter", "schemas", "crossdock.toml"] {
        println!("cargo:rerun-if-changed={path}");
    }
}
