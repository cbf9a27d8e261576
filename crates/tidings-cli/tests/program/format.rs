//! `--format`: what each command writes is read by a parser, and what makes no sense is refused.

use std::fs;
use std::path::Path;
use std::process::Output;

use roxmltree::Document;
use serde_json::Value;
use tidings::Message as _;
use tidings::contract::{Catalog, Descriptor};
use tidings_tests::Server;

use super::{HOSTILE, OrderCreated, refused, said, tempfile, tidings};

/// The contracts of now, in which a field is narrower than in `before`, and documents of it.
fn write(folder: &Path) -> [String; 3] {
    let [schemas, before, documents] =
        ["schemas", "before", "documents.json"].map(|name| folder.join(name));
    let old = Descriptor::event("orders.created", 1, "orders.{region}.created").payload::<u64>();
    Catalog::of([old]).unwrap().write_to(&before).unwrap();
    Catalog::of(OrderCreated::descriptors()).unwrap().write_to(&schemas).unwrap();
    let (good, bad) = (r#"{"number": 1, "region": "eu"}"#, r#"{"number": -1, "region": 5}"#);
    fs::write(&documents, format!("{good}\n{bad}\n{{\"a\": \"{HOSTILE}\"}}")).unwrap();
    [schemas, before, documents].map(|path| path.to_str().unwrap().to_owned())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The numbers of tests, failures, errors and skipped ones that a suite tells, which are those that it has.
fn counts(xml: &str) -> [usize; 4] {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}: {xml}"));
    let suite = document.root_element();
    assert_eq!(suite.tag_name().name(), "testsuite");
    let told = ["tests", "failures", "errors", "skipped"]
        .map(|name| suite.attribute(name).unwrap().parse().unwrap());
    let count = |name| suite.descendants().filter(|node| node.has_tag_name(name)).count();
    assert_eq!(told, ["testcase", "failure", "error", "skipped"].map(count), "{xml}");
    for case in suite.children().filter(|node| node.has_tag_name("testcase")) {
        assert!(case.attribute("classname").is_some() && case.attribute("name").is_some(), "{xml}");
    }
    told
}

/// The levels of the annotations, and the lines that are none.
fn annotations(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (commands, lines): (Vec<_>, Vec<_>) = text.lines().partition(|line| line.starts_with("::"));
    let check = |line: &str| {
        let (command, message) = line[2..].split_once("::").unwrap();
        let (_, properties) = command.split_once(' ').unwrap();
        let of = |property: &str| ["file", "title"].contains(&property.split_once('=').unwrap().0);
        assert!(properties.split(',').all(of) && !message.is_empty(), "{line}");
    };
    commands.iter().copied().for_each(check);
    (commands.iter().map(|line| line[2..].split(' ').next().unwrap()).collect(), lines)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_judge_write_lines_json_annotations_and_test_results() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let [schemas, before, documents] = write(&folder);
    let schemas = ["--schemas", &schemas];
    // A stream that is another than declared, with texts of others.
    let jetstream = async_nats::jetstream::new(server.client().await);
    let theirs = async_nats::jetstream::stream::Config {
        name: "ORDERS".to_owned(),
        subjects: vec!["orders.*.created".to_owned()],
        description: Some(HOSTILE.to_owned()),
        ..Default::default()
    };
    jetstream.create_stream(theirs).await.unwrap();

    let against = ["--against", before.as_str()];
    // How many fail; `None` is some.
    let commands: [(&[&str], i32, Option<usize>, &str); 6] = [
        (&["schema", "check"], 3, None, "error"),
        (&["schema", "diff"], 0, Some(0), "notice"),
        (&["schema", "diff", "--exit-code"], 3, None, "error"),
        (&["schema", "validate", "orders.created", "--file", &documents], 3, Some(2), "error"),
        (&["doctor"], 0, Some(0), "warning"),
        (&["stream", "plan"], 3, Some(1), "error"),
    ];
    for (command, code, failures, level) in commands {
        let compares = matches!(command, ["schema", "check" | "diff", ..]);
        let more: &[&str] = if compares { &against } else { &[] };
        let run = async |format: &str| {
            let arguments = [command, more, &schemas, &["--format", format]].concat();
            let output = tidings(&server, &arguments).await;
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
            stdout(&output)
        };
        assert!(!run("text").await.is_empty(), "{command:?}");
        let values = run("json").await;
        let values = values.lines().map(serde_json::from_str::<Value>);
        assert!(values.map(Result::unwrap).all(|value| value.is_object()), "{command:?}");
        let xml = run("junit").await;
        let [tests, found, errors, _] = counts(&xml);
        assert!(tests > 0 && errors == 0 && found == failures.unwrap_or(found.max(1)), "{xml}");
        let text = run("github").await;
        let (levels, _) = annotations(&text);
        assert!(levels.contains(&level), "{command:?}: {text}");
    }
    said(&server, &[&["stream", "apply"][..], &schemas].concat()).await;
    let plan =
        said(&server, &[&["stream", "plan", "--format", "junit"][..], &schemas].concat()).await;
    assert_eq!(counts(&plan), [1, 0, 0, 0]);
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_fails_says_so_in_the_results_too() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let nowhere = folder.join("nowhere");
    let check = ["schema", "check", "--against", ".", "--schemas", nowhere.to_str().unwrap()];
    let output = tidings(&server, &[&check[..], &["--format", "junit"]].concat()).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(counts(&stdout(&output)), [1, 0, 1, 0]);
    let output = tidings(&server, &[&check[..], &["--format", "github"]].concat()).await;
    let text = stdout(&output);
    let (levels, rest) = annotations(&text);
    assert!(levels == ["error"] && rest.is_empty() && text.contains("nowhere"), "{text}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("nowhere"));
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_format_that_makes_no_sense_is_refused_before_anything_is_done() {
    let server = Server::start().await;
    let folder = tempfile(&server);
    let [schemas, ..] = write(&folder);
    let page = folder.join("page.html");
    let page = page.to_str().unwrap();
    let (event, request) = (["publish", "a", "--json", "1"], ["request", "a", "--json", "1"]);
    let commands: [&[&str]; 11] = [
        &["asyncapi"],
        &["catalog", "--html", page],
        &["dlq", "list", "--in", "a"],
        &["dlq", "show", "--in", "a", "1"],
        &["dlq", "redrive", "--in", "a"],
        &["dlq", "purge", "--in", "a"],
        &["man", page],
        &event,
        &request,
        &["schema", "accept", "--reason", "a"],
        &["tail", "a"],
    ];
    for command in
        commands.into_iter().chain([&["schema", "changelog"][..], &["completions", "zsh"]])
    {
        for format in ["github", "junit"] {
            let (code, text) = refused(&server, &[command, &["--format", format]].concat()).await;
            assert_eq!(code, Some(2), "{command:?}: {text}");
            let named = format!("does not write `--format {format}`: it writes `text`");
            assert!(text.contains(&named), "{command:?}: {text}");
        }
    }
    let (code, text) = refused(&server, &["completions", "zsh", "--format", "json"]).await;
    assert_eq!(code, Some(2), "{text}");
    let cases = ["schema", "check", "--cases", "a.json", "--format", "junit"];
    assert_eq!(refused(&server, &cases).await.0, Some(2));
    assert!(!Path::new(page).exists());

    // The document is JSON in either of its forms, on one line for programs.
    let asyncapi = ["asyncapi", "--schemas", &schemas];
    let text = said(&server, &asyncapi).await;
    let line = said(&server, &[&asyncapi[..], &["--format", "json"]].concat()).await;
    let [text_value, line_value] =
        [&text, &line].map(|text| serde_json::from_str::<Value>(text).unwrap());
    assert_eq!((line.lines().count(), &text_value), (1, &line_value));
    assert!(text.lines().count() > 10);
    fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_help_and_the_man_pages_tell_formats_and_exit_codes() {
    let server = Server::without_jetstream().await;
    let folder = tempfile(&server).join("man");
    said(&server, &["man", folder.to_str().unwrap()]).await;
    for (command, page) in [
        (&["schema", "check"][..], "tidings-schema-check.1"),
        (&["stream", "plan"], "tidings-stream-plan.1"),
        (&["doctor"], "tidings-doctor.1"),
    ] {
        let help = said(&server, &[command, &["--help"]].concat()).await;
        let page = fs::read_to_string(folder.join(page)).unwrap();
        for text in [help, page] {
            for part in ["Formats: text, json, github, junit", "Exit codes:", "wrong usage"] {
                assert!(text.contains(part), "{command:?}: {part}: {text}");
            }
        }
    }
    let help = said(&server, &["--help"]).await;
    for code in ["Exit codes:", "  0  done", "  1  it failed", "  2  wrong usage", "  3  something"]
    {
        assert!(help.contains(code), "{code}: {help}");
    }
    fs::remove_dir_all(folder.parent().unwrap()).unwrap();
}
