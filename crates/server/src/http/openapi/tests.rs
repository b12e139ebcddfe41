use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::operations::OPERATIONS;
use super::{document, shapes};
use crate::http::layers::HASHING;

/// What the router says, in its own text: a method for each call.
fn routes() -> BTreeSet<(String, String)> {
    let text = include_str!("../../router.rs");
    let (text, _) = text.split_once("fn pages(").unwrap();
    let mut routes = BTreeSet::new();
    for route in text.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').unwrap();
        for method in ["get", "post", "patch", "delete"] {
            if [", ", "."]
                .iter()
                .any(|before| rest.split(".route(").next().unwrap().contains(&format!("{before}{method}(")))
            {
                routes.insert((path.to_owned(), method.to_owned()));
            }
        }
    }
    routes
}

#[test]
fn every_call_of_the_router_is_described_and_no_other() {
    let for_machines = |path: &str| !path.starts_with("/authz/");
    let routes: BTreeSet<_> = routes().into_iter().filter(|(path, _)| for_machines(path)).collect();
    let described: BTreeSet<_> =
        OPERATIONS.iter().map(|operation| (operation.path.to_owned(), operation.method.to_owned())).collect();
    assert!(routes.len() > 10, "{routes:?}");
    assert_eq!(described, routes);
}

/// What has no core kept for it is there by that name.
#[test]
fn what_hashes_is_served() {
    for path in HASHING {
        let served = OPERATIONS.iter().any(|operation| operation.method == "post" && operation.path.ends_with(path));
        assert!(served, "{path}");
    }
}

#[test]
fn names_are_there_once() {
    let mut seen = HashSet::new();
    for operation in OPERATIONS {
        assert!(seen.insert(operation.id), "{}", operation.id);
        assert!(!operation.tag.is_empty() && !operation.answers.is_empty(), "{}", operation.id);
        let in_path = operation.parameters.iter().filter(|parameter| parameter.in_path);
        for parameter in in_path {
            assert!(operation.path.contains(&format!("{{{}}}", parameter.name)), "{}", operation.id);
        }
    }
}

#[test]
fn every_shape_that_is_named_is_there_and_says_what_it_means() {
    let document = document("https://auth.example.com");
    let shapes = shapes::all();
    let mut named = Vec::new();
    references(&document, &mut named);
    for name in named {
        assert!(shapes.contains_key(name.trim_start_matches("#/components/schemas/")), "{name}");
    }
    for (name, shape) in shapes.iter().filter(|(name, _)| *name != "Tokens") {
        assert!(shape["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} says nothing: {shape}");
    }
}

fn references<'d>(value: &'d Value, named: &mut Vec<&'d str>) {
    match value {
        Value::Object(members) => {
            named.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|member| references(member, named));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, named)),
        _ => {}
    }
}

#[test]
fn requests_take_no_member_that_they_do_not_know() {
    for (name, shape) in shapes::all() {
        if name.ends_with("Request") {
            assert_eq!(shape["additionalProperties"], Value::Bool(false), "{name}");
        }
    }
}
