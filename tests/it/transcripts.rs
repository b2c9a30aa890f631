//! What a person sees: standard output, standard error and the exit code in one text.

use crossdock_testkit::{Redactor, Scratch, Transcript};

use crate::support::{crossdock, root};

fn seen(arguments: &[&str], scratch: &Scratch) -> String {
    let mut command = crossdock(arguments);
    command.current_dir(scratch.path());
    let redactor = Redactor::usual()
        .text(scratch.path().to_string_lossy(), "<folder>")
        .text(root().to_string_lossy(), "<repository>");
    Transcript::of(&mut command).text(&redactor)
}

macro_rules! shows {
    ($($name:ident: $arguments:expr, $files:expr;)*) => {$(
        #[test]
        fn $name() {
            let scratch = Scratch::with(&$files);
            insta::with_settings!({ snapshot_path => "data", prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!(stringify!($name), seen(&$arguments, &scratch));
            });
        }
    )*};
}

const NO_FILES: [(&str, &str); 0] = [];

shows! {
    no_such_folder: ["contract", "lint", "nowhere"], NO_FILES;
    broken_yaml: ["contract", "lint", "contracts"], [("contracts/catalog.yaml", "apis: [\n  {id: one\n")];
    nothing_to_lint: ["contract", "lint", "mocks"], [("mocks/erp.yaml", "crossdock: 1\nsystem: erp\n")];
    no_place_for_a_report: ["contract", "check", "cut.x12", "--guide", "base", "--report", "json=nowhere/report.json"],
        [("cut.x12", "ISA*00*          *00*          *ZZ*ACME")];
    nothing_to_compare_with: ["contract", "diff", "contracts", "nowhere"], [("contracts/objects/a.json", "{}")];
    unknown_environment: ["contract", "test", "-e", "lokal"], [("scenarios/environments/local.yaml", "crossdock: 1\n")];
    unknown_schema: ["schema", "scenaro"], NO_FILES;
    unknown_api_to_stub: ["mock", "--stub", "erpp", "--contracts", concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")], NO_FILES;
    unknown_system_to_mock: ["mock", "comerce", "--contracts", concat!(env!("CARGO_MANIFEST_DIR"), "/contracts"),
        "--mocks", concat!(env!("CARGO_MANIFEST_DIR"), "/mocks")], NO_FILES;
    no_keys: ["mock", "commerce", "--contracts", concat!(env!("CARGO_MANIFEST_DIR"), "/contracts"),
        "--mocks", concat!(env!("CARGO_MANIFEST_DIR"), "/mocks")], NO_FILES;
    open_to_everybody: ["serve", "--config", "crossdock.toml", "--contracts", concat!(env!("CARGO_MANIFEST_DIR"), "/contracts")],
        [("crossdock.toml", "listen = \"0.0.0.0:0\"\n[ledger]\npath = \":memory:\"\n[systems.commerce]\n")];
    wrong_configuration: ["serve", "--config", "crossdock.toml"], [("crossdock.toml", "lissten = \"127.0.0.1:0\"\n")];
    init_twice: ["init", "."], [("README.md", "mine")];
    cut_x12: ["contract", "check", "cut.x12", "--guide", "base"],
        [("cut.x12", "ISA*00*          *00*          *ZZ*ACME           *ZZ*CROSSDOCK      *260301*1000*U*00401*0000000")];
    no_report: ["report", "nothing.json"], [("nothing.json", "{}")];
}
