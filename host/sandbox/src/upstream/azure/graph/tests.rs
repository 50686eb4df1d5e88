//! Queries of Resource Graph that are sent, and those that would have read what is not open to tools.

use serde_json::{Value, json};

use super::refusal;

fn refused(body: &Value) -> Option<String> {
    refusal(Some(body.to_string().as_bytes()))
}

fn refused_query(query: &str) -> Option<String> {
    refused(&json!({"query": query}))
}

#[test]
fn queries_over_open_tables_are_sent() {
    for query in [
        "resources",
        "Resources | where type =~ 'microsoft.compute/virtualmachines' | project id, name | take 5",
        "resourcecontainers | where type == \"microsoft.resources/subscriptions\" | summarize count() by tenantId",
        "resources | join kind=leftouter (resourcecontainers | project subscriptionId, sub = name) on subscriptionId",
        "resources | join kind = inner hint.strategy=broadcast resourcecontainers on $left.a == $right.b",
        "resources | union (healthresources | where x in~ ('a', 'b')), advisorresources | count",
        "union withsource=t resources, alertsmanagementresources | limit 3",
        "resourcechanges | extend at = todatetime(properties.x) | where at > ago(1d) and at < datetime(2026-11-20T09:30:00Z)",
        "resources | where id in (healthresources | project id) and n !in (1, 2) and n in (5)",
        "resources // securityresources\n| mv-expand x = properties.a to typeof(string) | project-away y",
        "resources | where name has '| join (securityresources) on id' | where x == @'a\\' and y == \"\\\"|\"",
        "resources | extend x = dynamic({\"a\": [1, 2]}), y = tags['a b'], z = iff(a == 1, 'x', strcat('y', b))",
        "resources\r\n| where name == 'größe'\r\n| order by name asc",
        "(resources | project id) | count",
    ] {
        assert_eq!(refused_query(query), None, "{query}");
    }
}

#[test]
fn a_table_that_is_not_open_is_named_wherever_it_stands() {
    for query in [
        "securityresources",
        "SecurityResources | take 1",
        "resources | join securityresources on id",
        "resources | join kind=inner (securityresources | project id) on id",
        "resources | join kind=inner (resources | join securityresources on id) on id",
        "resources | lookup kind=leftouter (securityresources) on id",
        "resources | union securityresources",
        "resources | union (resources), (securityresources | take 1)",
        "union resources, securityresources",
        "resources | where id in (securityresources)",
        "resources | where id !in~ ((securityresources))",
        "resources | where id in ((securityresources | project id))",
        "resources | where a == 1 and (id in (securityresources | project id))",
        "resources | extend x = toscalar(securityresources | count)",
        "resources | extend x = strcat('a', tostring(toscalar(securityresources)))",
        "resources // a\n| union securityresources",
        "resources | where name == 'a\\\\' | union securityresources // '",
        "resources | where name == @'\\' | union securityresources // '",
        "resources | where name == @'a''' | union securityresources",
        "(securityresources) | take 1",
    ] {
        let text = refused_query(query).expect(query);
        assert!(
            text.contains("the table `securityresources`") && text.contains("resourcecontainers"),
            "{text}"
        );
    }
}

#[test]
fn what_could_be_read_in_two_ways_or_reads_in_its_own_way_is_refused() {
    for query in [
        "",
        "| take 1",
        "let x = resources; x",
        "resources; securityresources",
        "resources | take 1; securityresources",
        "resources | evaluate bag_unpack(tags)",
        "resources | invoke f()",
        "resources | as x | union x",
        "resources | fork (take 1) (take 2)",
        "resources | facet by name with (take 1)",
        "resources | union *",
        "resources | union sec*",
        "union *",
        "search 'a'",
        "find in (securityresources) where a == 1",
        "table('securityresources')",
        "resources | where id in (table('securityresources'))",
        "database('x').resources",
        "resources | where id in (cluster('a').database('b').c)",
        "['securityresources']",
        "externaldata(a: string) ['https://evil.example']",
        "print 1",
        "{{/subscriptions/s/providers/x}}",
        "resources | union ({{/subscriptions/s/providers/x}})",
        "resources | extend x = datetime(') | union securityresources | extend y = datetime(')",
        "resources | extend x = guid(\" ) | union securityresources | extend y = long(\" )",
        "resources | extend x = ```a``` | union securityresources | extend y = ```b```",
        "resources | extend x = ~~~a~~~",
        "resources // a\r| union securityresources",
        "resources // a\u{2028}| union securityresources",
        "resources | where name == 'a\n' | union securityresources | where name == 'b'",
        "resources | where name == 'a",
        "resources | where (a == 1",
        "resources | where a == 1)",
        "resources | join (resources) | take 1",
        "r\u{117f}esources",
        "resources | where \\x",
        "#connect resources",
    ] {
        assert!(refused_query(query).is_some(), "{query}");
    }
    let deep = format!("resources | where {}1{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(refused_query(&deep).is_some());
}

#[test]
fn only_known_keys_are_sent_and_each_once() {
    for body in [
        json!({"query": "resources", "subscriptions": ["s"], "managementGroups": ["m"]}),
        json!({"query": "resources", "options": {"$top": 5, "$skip": 1, "$skipToken": "x", "resultFormat": "objectArray"}}),
    ] {
        assert_eq!(refused(&body), None, "{body}");
    }
    for body in [
        json!({"subscriptions": ["s"]}),
        json!({"query": ["resources"]}),
        json!({"query": "resources", "facets": []}),
        json!({"query": "resources", "Query": "securityresources"}),
        json!({"query": "resources", "options": {"resultFormat": "table"}}),
        json!({"query": "resources", "options": {"allowPartialScopes": true}}),
        json!({"query": "resources", "options": {"$top": "5"}}),
        json!([{"query": "resources"}]),
        json!("resources"),
    ] {
        assert!(refused(&body).is_some(), "{body}");
    }
    for body in [
        &b"{\"query\":\"resources\",\"query\":\"securityresources\"}"[..],
        b"\xef\xbb\xbf{\"query\":\"resources\"}",
        b"{\"query\":\"resources\"} {\"query\":\"securityresources\"}",
        b"{\"query\":\"resources\xff\"}",
        b"",
    ] {
        assert!(refusal(Some(body)).is_some(), "{}", body.escape_ascii());
    }
    assert!(refusal(None).is_some());
}

proptest::proptest! {
    #[test]
    fn no_query_makes_the_reader_fail(query in "(resources|securityresources|union|join|on|in|[|(),='\"@/~ \\n\\\\a1é]){0,24}") {
        let _ = refused_query(&query);
    }

    #[test]
    fn another_table_never_passes_outside_of_text(table in "[a-z]{3,12}resources", kind in "(join|union|lookup)") {
        let query = format!("resources | {kind} ({table} | take 1) on id");
        proptest::prop_assert!(refused_query(&query).is_some());
    }
}
