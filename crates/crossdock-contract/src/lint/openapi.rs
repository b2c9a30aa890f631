//! OpenAPI documents: the structure, and what policy wants of every operation.

use std::collections::BTreeMap;

use super::names::{fits, is_semver, restyled, style_name};
use super::shape::{self, Area};
use super::{Lint, examples, near, schema};
use crate::api::compile::{METHODS, needs_key};
use crate::library::Place;

const AREA: Area = Area::OpenApi;

pub(super) fn check(lint: &mut Lint<'_>, path: &str) {
    let Some(root) = lint.library().root(path) else { return };
    shape::check(lint, AREA, &root, &shape::OPENAPI);
    check_version(lint, &root);
    if let Some(info) = root.get("info") {
        shape::check(lint, AREA, &info, &shape::INFO);
        if let Some(version) =
            info.get("version").filter(|version| version.node.as_str().is_some_and(|text| !is_semver(text)))
        {
            lint.say(
                "openapi/valid",
                &version,
                "`info.version` is not a semantic version",
                "here",
                Some("three numbers: 1.0.0".into()),
            );
        }
    }
    if root.get("paths").is_none() && root.get("components").is_none() && root.get("webhooks").is_none() {
        lint.say(
            "openapi/valid",
            &root,
            "an OpenAPI document needs `paths` (or `components` or `webhooks`)",
            "none of them",
            None,
        );
    }
    check_components(lint, &root);
    let mut ids: BTreeMap<String, usize> = BTreeMap::new();
    let default_security = root.get("security");
    for (template, item) in root.get("paths").iter().flat_map(Place::entries) {
        check_template(lint, template, &item);
        let Some(item) = lint.resolve(&item) else { continue };
        if !shape::check(lint, AREA, &item, &shape::PATH_ITEM) {
            continue;
        }
        let shared: Vec<Place<'_>> = item.get("parameters").iter().flat_map(Place::items).collect();
        for parameter in &shared {
            check_parameter(lint, parameter);
        }
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            if !shape::check(lint, AREA, &operation, &shape::OPERATION) {
                continue;
            }
            check_id(lint, method, template, &operation, &mut ids);
            let own: Vec<Place<'_>> = operation.get("parameters").iter().flat_map(Place::items).collect();
            for parameter in &own {
                check_parameter(lint, parameter);
            }
            let parameters: Vec<Place<'_>> =
                own.iter().chain(&shared).filter_map(|parameter| lint.resolve(parameter)).collect();
            check_path_parameters(lint, template, &operation, &parameters);
            check_bodies(lint, &operation);
            let security = operation.get("security").or_else(|| default_security.clone());
            check_policy(lint, method, &operation, &parameters, security.as_ref());
        }
    }
}

fn check_version(lint: &mut Lint<'_>, root: &Place<'_>) {
    if let Some(version) = root.get("openapi") {
        let known = version.node.as_str().is_some_and(|text| text.starts_with("3.0.") || text.starts_with("3.1."));
        if !known {
            lint.say(
                "openapi/valid",
                &version,
                "this version of OpenAPI is not known here",
                "here",
                Some("\"3.1.0\" (or a \"3.0.x\")".into()),
            );
        }
    } else if let Some(version) = root.get("swagger") {
        lint.say("openapi/valid", &version, "Swagger 2 is not read", "here", Some("convert it to OpenAPI 3.1".into()));
    }
}

fn check_template(lint: &mut Lint<'_>, template: &str, item: &Place<'_>) {
    if !template.starts_with('/') {
        lint.say("openapi/valid", item, format!("the path `{template}` does not begin with `/`"), "here", None);
    }
    let Some(style) = lint.contracts.policy().naming.paths else { return };
    for segment in template.split('/').filter(|segment| !segment.is_empty() && !segment.contains('{')) {
        if !fits(style, segment) {
            let help = Some(format!("write `{}`", restyled(style, segment)));
            lint.say(
                "openapi/naming",
                item,
                format!("the path segment `{segment}` is not {}", style_name(style)),
                "here",
                help,
            );
        }
    }
}

fn check_id(
    lint: &mut Lint<'_>,
    method: &str,
    template: &str,
    operation: &Place<'_>,
    ids: &mut BTreeMap<String, usize>,
) {
    let Some(place) = operation.get("operationId") else {
        let help = Some("add `operationId`: scenarios, mocks and tests call it by that name".to_owned());
        lint.say(
            "openapi/operation-id",
            operation,
            format!("{} {template} has no operationId", method.to_uppercase()),
            "missing",
            help,
        );
        return;
    };
    let Some(id) = place.node.as_str() else { return };
    if let Some(line) = ids.insert(id.to_owned(), place.line_col().0) {
        let help = Some(format!("line {line} has it already; an id names one operation"));
        lint.say(
            "openapi/duplicate-operation-id",
            &place,
            format!("the operationId `{id}` stands here twice"),
            "again here",
            help,
        );
    }
    if let Some(style) = lint.contracts.policy().naming.operation_ids.filter(|style| !fits(*style, id)) {
        let help = Some(format!("write `{}`", restyled(style, id)));
        lint.say(
            "openapi/naming",
            &place,
            format!("the operationId `{id}` is not {}", style_name(style)),
            "here",
            help,
        );
    }
}

fn check_parameter(lint: &mut Lint<'_>, parameter: &Place<'_>) {
    if parameter.reference().is_some() || !shape::check(lint, AREA, parameter, &shape::PARAMETER) {
        return;
    }
    let name = parameter.text("name").unwrap_or_default();
    if let Some(location) = parameter.get("in") {
        let text = location.node.as_str().unwrap_or_default();
        if !["path", "query", "header", "cookie"].contains(&text) {
            let help = near(text, ["path", "query", "header", "cookie"]);
            lint.say(
                "openapi/valid",
                &location,
                format!("`{text}` is no place for a parameter"),
                "here",
                help.or_else(|| Some("path, query, header or cookie".into())),
            );
        }
        let style = lint
            .contracts
            .policy()
            .naming
            .properties
            .filter(|style| matches!(text, "path" | "query") && !fits(*style, name));
        if let (Some(style), Some(at)) = (style, parameter.get("name")) {
            let help = Some(format!("write `{}`", restyled(style, name)));
            lint.say(
                "openapi/naming",
                &at,
                format!("the parameter `{name}` is not {}", style_name(style)),
                "here",
                help,
            );
        }
        if text == "path" && parameter.node.get("required").and_then(crossdock_diag::Node::as_bool) != Some(true) {
            lint.say(
                "openapi/path-parameter",
                parameter,
                format!("the path parameter `{name}` is not `required: true`"),
                "here",
                None,
            );
        }
    }
    if parameter.get("schema").is_none() && parameter.get("content").is_none() {
        lint.say("openapi/valid", parameter, format!("nobody says what `{name}` may be"), "no `schema`", None);
    }
    check_schema_and_examples(lint, parameter);
}

/// A `schema` with its `example` or `examples`: parameters, headers, media types.
fn check_schema_and_examples(lint: &mut Lint<'_>, place: &Place<'_>) {
    let Some(found) = place.get("schema") else { return };
    if found.reference().is_none() || found.node.as_map().is_some_and(|map| map.len() > 1) {
        schema::check(lint, &found, None);
    }
    if let Some(example) = place.get("example") {
        examples::check(lint, "openapi/example", &found, &example);
    }
    for (_, example) in place.get("examples").iter().flat_map(Place::entries) {
        shape::check(lint, AREA, &example, &shape::EXAMPLE);
        if let Some(value) = lint.resolve(&example).and_then(|example| example.get("value")) {
            examples::check(lint, "openapi/example", &found, &value);
        }
    }
}

fn check_path_parameters(lint: &mut Lint<'_>, template: &str, operation: &Place<'_>, parameters: &[Place<'_>]) {
    let in_template: Vec<&str> =
        template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect();
    let declared: Vec<(&str, &Place<'_>)> = parameters
        .iter()
        .filter(|parameter| parameter.text("in") == Some("path"))
        .filter_map(|parameter| Some((parameter.text("name")?, parameter)))
        .collect();
    for name in &in_template {
        if !declared.iter().any(|(known, _)| known == name) {
            let help = near(name, declared.iter().map(|(known, _)| *known))
                .or_else(|| Some(format!("declare it: `name: {name}, in: path, required: true`")));
            lint.say(
                "openapi/path-parameter",
                operation,
                format!("`{{{name}}}` of {template} is not declared"),
                "here",
                help,
            );
        }
    }
    for (name, place) in &declared {
        if !in_template.contains(name) {
            lint.say(
                "openapi/path-parameter",
                place,
                format!("the path {template} has no `{{{name}}}`"),
                "declared in vain",
                near(name, in_template.iter().copied()),
            );
        }
    }
}

fn check_bodies(lint: &mut Lint<'_>, operation: &Place<'_>) {
    if let Some(body) = operation.get("requestBody")
        && shape::check(lint, AREA, &body, &shape::REQUEST_BODY)
        && body.reference().is_none()
    {
        check_content(lint, &body);
    }
    for (status, response) in operation.get("responses").iter().flat_map(Place::entries) {
        let known = status == "default"
            || status.len() == 3
                && status.starts_with(|c: char| ('1'..='5').contains(&c))
                && (status.ends_with("XX") || status.parse::<u16>().is_ok());
        if !known && !status.starts_with("x-") {
            lint.say(
                "openapi/valid",
                &response,
                format!("`{status}` is no status"),
                "here",
                Some("\"200\", \"4XX\" or default".into()),
            );
        }
        check_response(lint, &response);
    }
}

fn check_response(lint: &mut Lint<'_>, response: &Place<'_>) {
    if !shape::check(lint, AREA, response, &shape::RESPONSE) || response.reference().is_some() {
        return;
    }
    for (_, header) in response.get("headers").iter().flat_map(Place::entries) {
        if shape::check(lint, AREA, &header, &shape::HEADER) && header.reference().is_none() {
            check_schema_and_examples(lint, &header);
        }
    }
    check_content(lint, response);
}

fn check_content(lint: &mut Lint<'_>, place: &Place<'_>) {
    for (content_type, media) in place.get("content").iter().flat_map(Place::entries) {
        if !content_type.contains('/') {
            lint.say(
                "openapi/valid",
                &media,
                format!("`{content_type}` is no media type"),
                "here",
                Some("such as application/json".into()),
            );
        }
        if shape::check(lint, AREA, &media, &shape::MEDIA_TYPE) {
            check_schema_and_examples(lint, &media);
        }
    }
}

/// What stands under `components` is checked there, once, however often it is referred to.
fn check_components(lint: &mut Lint<'_>, root: &Place<'_>) {
    let Some(components) = root.get("components") else { return };
    if !shape::check(lint, AREA, &components, &shape::COMPONENTS) {
        return;
    }
    for (section, places) in components.entries() {
        for (_, place) in places.entries() {
            match section {
                "schemas" => schema::check(lint, &place, None),
                "parameters" => check_parameter(lint, &place),
                "responses" => check_response(lint, &place),
                "headers" if shape::check(lint, AREA, &place, &shape::HEADER) && place.reference().is_none() => {
                    check_schema_and_examples(lint, &place);
                }
                "requestBodies"
                    if shape::check(lint, AREA, &place, &shape::REQUEST_BODY) && place.reference().is_none() =>
                {
                    check_content(lint, &place);
                }
                _ => {}
            }
        }
    }
}

/// What policy wants: descriptions, keys, problem documents, idempotency, correlation, examples, closed requests.
fn check_policy(
    lint: &mut Lint<'_>,
    method: &str,
    operation: &Place<'_>,
    parameters: &[Place<'_>],
    security: Option<&Place<'_>>,
) {
    let policy = lint.contracts.policy();
    let id = operation.text("operationId").unwrap_or(method);
    let at = operation.get("operationId").unwrap_or_else(|| operation.clone());
    if operation.get("summary").is_none() && operation.get("description").is_none() {
        lint.say(
            "openapi/described",
            &at,
            format!("nobody says what `{id}` does"),
            "no summary",
            Some("add a `summary`".into()),
        );
    }
    let public = policy.security.public_operations.iter().any(|known| known == id);
    let secured = security.is_some_and(needs_key);
    if !secured && !public {
        lint.say(
            "openapi/secured",
            &at,
            format!("anyone may call `{id}`"),
            "no `security`",
            Some("add `security: [{bearer: []}]`, or name it in `security.public_operations` of policy.yaml".into()),
        );
    }
    check_errors(lint, id, &at, operation, secured);
    let header = |name: &str| {
        parameters.iter().find(|parameter| {
            parameter.text("in") == Some("header")
                && parameter.text("name").is_some_and(|known| known.eq_ignore_ascii_case(name))
        })
    };
    let creates = method == "post" && operation.at("/responses/201").is_some();
    let idempotency = policy.headers.idempotency.as_deref().unwrap_or("Idempotency-Key");
    let required = header(idempotency)
        .is_some_and(|parameter| parameter.node.get("required").and_then(crossdock_diag::Node::as_bool) == Some(true));
    if creates && !required {
        lint.say(
            "openapi/idempotent-create",
            &at,
            format!("`{id}` creates, and a repeated call would create twice"),
            "no required Idempotency-Key",
            Some(format!("declare the header `{idempotency}` with `required: true`")),
        );
    }
    if let Some(correlation) = policy.headers.correlation.as_deref().filter(|name| !public && header(name).is_none()) {
        lint.say(
            "openapi/correlated",
            &at,
            format!("`{id}` does not take `{correlation}`"),
            "not correlated",
            Some(format!("declare the header `{correlation}`")),
        );
    }
    let body = operation.get("requestBody").and_then(|body| lint.resolve(&body));
    let content: Vec<(&str, Place<'_>)> =
        body.and_then(|body| body.get("content")).map(|content| content.entries().collect()).unwrap_or_default();
    // A fact door takes events: what they carry decides whether it is open.
    let door = content.iter().any(|(kind, _)| kind.contains("cloudevents"));
    for (kind, media) in &content {
        check_has_example(lint, media, &format!("the {kind} request of `{id}`"));
        if let (Some(wanted), Some(found), false) = (policy.payload.request_objects, media.get("schema"), door) {
            if is_open_fact(lint, &found) {
                continue;
            }
            schema::check_openness(lint, &found, wanted, &format!("the request of `{id}`"));
        }
    }
    for (status, response) in operation.get("responses").iter().flat_map(Place::entries) {
        let Some(response) = lint.resolve(&response).filter(|_| status.starts_with('2')) else { continue };
        for (kind, media) in response.get("content").iter().flat_map(Place::entries) {
            check_has_example(lint, &media, &format!("the {status} {kind} response of `{id}`"));
            if let (Some(wanted), Some(found)) = (policy.payload.response_objects, media.get("schema")) {
                schema::check_openness(lint, &found, wanted, &format!("the {status} response of `{id}`"));
            }
        }
    }
}

/// Whether a schema is an object that policy leaves open, wherever it is sent.
fn is_open_fact(lint: &Lint<'_>, schema: &Place<'_>) -> bool {
    let Some(target) = lint.resolve(schema) else { return false };
    let name = crate::api::compile::stem(target.path);
    let facts = lint.contracts.policy().payload.fact_objects.as_ref();
    target.pointer.is_empty() && facts.is_some_and(|facts| facts.open.iter().any(|known| known == name))
}

fn check_errors(lint: &mut Lint<'_>, id: &str, at: &Place<'_>, operation: &Place<'_>, secured: bool) {
    let wanted =
        lint.contracts.policy().payload.errors.clone().unwrap_or_else(|| "application/problem+json".to_owned());
    let mut statuses = Vec::new();
    for (status, response) in operation.get("responses").iter().flat_map(Place::entries) {
        statuses.push(status);
        let error = status == "default" || status.starts_with('4') || status.starts_with('5');
        let Some(found) = lint.resolve(&response).filter(|_| error) else { continue };
        let kinds: Vec<&str> =
            found.get("content").map(|content| content.entries().map(|(kind, _)| kind).collect()).unwrap_or_default();
        if kinds != [wanted.as_str()] {
            let help = Some(format!("`content: {{{wanted}: {{schema: …}}}}` (RFC 9457)"));
            lint.say(
                "openapi/problem-errors",
                &response,
                format!("the {status} response of `{id}` is not {wanted}"),
                "here",
                help,
            );
        }
    }
    if !statuses.iter().any(|status| status.starts_with('4') || *status == "default") {
        lint.say(
            "openapi/declared-errors",
            at,
            format!("`{id}` declares no error response"),
            "no 4xx",
            Some(format!("declare its 4xx as {wanted}")),
        );
        return;
    }
    let mut needed: Vec<&str> = Vec::new();
    if secured {
        needed.push("401");
    }
    if operation.get("requestBody").is_some() {
        needed.extend(["400", "413", "422"]);
    }
    needed.retain(|status| !statuses.contains(status) && !statuses.contains(&"4XX"));
    if !needed.is_empty() {
        lint.say("openapi/declared-errors", at, format!("`{id}` does not declare {}", needed.join(", ")), "here", None);
    }
}

fn check_has_example(lint: &mut Lint<'_>, media: &Place<'_>, what: &str) {
    let own = media.get("example").is_some() || media.get("examples").is_some();
    let of_schema = media
        .get("schema")
        .and_then(|found| lint.resolve(&found))
        .is_some_and(|found| found.get("examples").is_some() || found.get("example").is_some());
    if !own && !of_schema {
        lint.say(
            "openapi/has-example",
            media,
            format!("{what} has no example"),
            "none",
            Some("tests and stubs begin with one".into()),
        );
    }
}
