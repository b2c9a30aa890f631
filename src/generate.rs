//! What is generated from the code: editor schemas, the command line's reference, manual pages.
//! `cargo xtask generate` writes it, and a test holds what is committed against it.

use clap::CommandFactory as _;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use crate::cli::Cli;

/// The files that people write: name, what it is, schema.
pub fn schemas() -> Vec<(&'static str, &'static str, Value)> {
    vec![
        ("scenario", "scenarios/*.yaml", schema::<crossdock_scenario::ScenarioFile>()),
        ("environment", "scenarios/environments/*.yaml", schema::<crossdock_scenario::EnvironmentFile>()),
        ("mock", "mocks/*.yaml: a simulated system", schema::<crossdock_mock::declaration::SystemFile>()),
        ("faults", "mocks/faults.yaml", schema::<crossdock_mock::faults::FaultFile>()),
        ("catalog", "contracts/catalog.yaml", schema::<crossdock_contract::catalog::Catalog>()),
        ("ownership", "contracts/ownership.yaml", schema::<crossdock_contract::ownership::Ownership>()),
        ("glossary", "contracts/glossary.yaml", schema::<crossdock_contract::glossary::Glossary>()),
        ("slas", "contracts/slas.yaml", schema::<crossdock_contract::slas::Slas>()),
        ("policy", "contracts/policy.yaml", schema::<crossdock_contract::policy::Policy>()),
    ]
}

fn schema<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

/// A schema as it is printed and committed.
pub fn pretty(schema: &Value) -> String {
    format!("{schema:#}\n")
}

/// Every file of the repository that is generated: path and content.
///
/// # Errors
/// If a page cannot be written to memory; none in practice.
pub fn files() -> std::io::Result<Vec<(String, String)>> {
    let mut files: Vec<(String, String)> =
        schemas().iter().map(|(name, _, schema)| (format!("schemas/{name}.schema.json"), pretty(schema))).collect();
    files.push(("docs/reference/cli.md".to_owned(), reference()));
    Ok(files)
}

/// The command line's reference: the help of every command.
fn reference() -> String {
    let mut text = String::from("# Command line\n\nGenerated from the program: `cargo xtask generate`.\n");
    let mut root = Cli::command().term_width(100);
    root.build();
    describe(&mut root, "crossdock", &mut text);
    text
}

fn describe(command: &mut clap::Command, path: &str, text: &mut String) {
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    text.extend(["\n## `", path, "`\n\n```text\n", help.join("\n").trim_end(), "\n```\n"]);
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        let path = format!("{path} {}", sub.get_name());
        describe(sub, &path, text);
    }
}

/// A manual page for the program and for each command: file name and content.
///
/// # Errors
/// If a page cannot be written to memory; none in practice.
pub fn man_pages() -> std::io::Result<Vec<(String, String)>> {
    let mut pages = Vec::new();
    let mut root = Cli::command();
    root.build();
    page(&root, "crossdock", &mut pages)?;
    Ok(pages)
}

fn page(command: &clap::Command, name: &str, pages: &mut Vec<(String, String)>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let named = command.clone().name(name.to_owned()).display_name(name.to_owned());
    clap_mangen::Man::new(named).render(&mut bytes)?;
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&bytes).into_owned()));
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        page(sub, &format!("{name}-{}", sub.get_name()), pages)?;
    }
    Ok(())
}
