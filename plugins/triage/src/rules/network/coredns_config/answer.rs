//! Which directives of a Corefile answer for the cluster's names in place of the `kubernetes` plugin.

use crate::address::service;
use crate::decode::corefile::Directive;
use crate::object::Object;
use crate::rules::network::resolver;
use crate::view::View;

/// Looks for directives that keep names of the cluster's domain from resolving.
pub(super) struct Judge<'v, 'a> {
    pub(super) view: &'v View<'a>,
    /// For example `cluster.local`.
    pub(super) domain: &'v str,
}

impl Judge<'_, '_> {
    /// What is wrong with a directive, and with those inside it.
    pub(super) fn faults(&self, directive: &Directive<'_>) -> Vec<String> {
        let mut found: Vec<String> = directive.inside.iter().flat_map(|inner| self.faults(inner)).collect();
        found.extend(match directive.name() {
            "template" => self.template(directive),
            "rewrite" => self.rewrite(directive),
            "hosts" => self.hosts(directive),
            "forward" => self.forward(directive),
            "kubernetes" => namespaces(directive),
            _ => self.block(directive),
        });
        found
    }

    /// Is the name, or the pattern, one of the cluster's domain?
    fn is_of_cluster(&self, name: &str) -> bool {
        let plain = name.replace('\\', "");
        let plain = plain.trim_matches(|letter: char| "\"^$.()".contains(letter));
        plain
            .strip_suffix(self.domain)
            .is_some_and(|rest| rest.is_empty() || !rest.ends_with(char::is_alphanumeric))
    }

    /// Is it the name of a Service that exists?
    fn is_of_service(&self, name: &str) -> bool {
        let host = name.trim_end_matches('.');
        service(self.view, "", host).found().is_some()
    }

    /// A server block for a zone of the cluster that asks somebody else.
    fn block(&self, block: &Directive<'_>) -> Option<String> {
        let zone = |word: &str| {
            let zone = word.rsplit("://").next().unwrap_or(word);
            zone.split(':').next().unwrap_or(zone).to_owned()
        };
        let zone = block.words.iter().map(|word| zone(word)).find(|zone| self.is_of_cluster(zone))?;
        let answers = |names: &[&str]| block.inside.iter().any(|plugin| names.contains(&plugin.name()));
        (!answers(&["kubernetes", "import"]) && answers(&["forward", "template", "hosts", "file", "erratic"]))
            .then(|| format!("the server block for {zone} has no `kubernetes` plugin"))
    }

    fn template(&self, template: &Directive<'_>) -> Option<String> {
        let options = |name: &'static str| template.inside.iter().filter(move |option| option.name() == name);
        let refuses =
            options("rcode").any(|code| matches!(code.arguments(), ["NXDOMAIN" | "SERVFAIL" | "REFUSED"]));
        let answers = refuses || options("answer").next().is_some();
        let zones = template.arguments().get(2..).unwrap_or_default();
        let mut matches = options("match").flat_map(Directive::arguments);
        let zone = zones.iter().find(|zone| self.is_of_cluster(zone));
        let pattern = matches.find(|pattern| self.is_of_cluster(pattern));
        let everything = zones.iter().all(|zone| *zone == ".")
            && options("match").next().is_none()
            && refuses
            && matches!(template.arguments().get(1), Some(&("ANY" | "A")));
        let what = zone
            .or(pattern)
            .map(|what| (*what).to_owned())
            .or_else(|| everything.then(|| "every name".to_owned()))?;
        answers.then(|| format!("a `template` answers for {what} in place of the `kubernetes` plugin"))
    }

    fn rewrite(&self, rewrite: &Directive<'_>) -> Option<String> {
        let words: Vec<&str> = rewrite
            .arguments()
            .iter()
            .copied()
            .filter(|word| !matches!(*word, "continue" | "stop"))
            .collect();
        let (kind, from, to) = match words.as_slice() {
            ["name", kind @ ("exact" | "prefix" | "suffix" | "substring" | "regex"), from, to, ..] => {
                (*kind, *from, *to)
            }
            ["name", from, to, ..] => ("exact", *from, *to),
            _ => return None,
        };
        // An alias that no Service has takes no name away.
        let wrong = match kind {
            "exact" => self.is_of_service(from) && self.is_of_cluster(from),
            _ => !self.is_of_cluster(to),
        };
        (self.is_of_cluster(from) && wrong).then(|| format!("a `rewrite` turns {from} into {to}"))
    }

    fn hosts(&self, hosts: &Directive<'_>) -> Option<String> {
        hosts.inside.iter().find_map(|line| {
            let name =
                line.arguments().iter().find(|name| self.is_of_cluster(name) && self.is_of_service(name))?;
            let right = service(self.view, "", name).found()?.text("/spec/clusterIP") == line.name();
            (!right).then(|| format!("`hosts` answers {} for {name}", line.name()))
        })
    }

    fn forward(&self, forward: &Directive<'_>) -> Option<String> {
        let own =
            resolver::service(self.view).map(|service| service.text("/spec/clusterIP")).unwrap_or_default();
        let target = forward.arguments().iter().skip(1).find(|target| {
            let host = target.rsplit("://").next().unwrap_or(target);
            let host = host.split(':').next().unwrap_or(host);
            !host.is_empty() && (host == own || host.starts_with("127.") || host == "localhost")
        })?;
        Some(format!("`forward` asks {target}, which is this DNS itself"))
    }
}

fn namespaces(kubernetes: &Directive<'_>) -> Option<String> {
    let option = kubernetes.inside.iter().find(|option| option.name() == "namespaces")?;
    Some(format!("the `kubernetes` plugin answers only for the namespaces {}", option.arguments().join(", ")))
}
