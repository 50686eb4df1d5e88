//! Reads of Resource Manager: one object, several side by side, and lists that go on behind `nextLink`.

use serde_json::Value;

use crate::{
    Host, Request, Response, ToolError,
    azure::{ARM, next_link::NextLink, refusal, role::Service},
};

/// A GET of Resource Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    path: String,
    query: Vec<(String, String)>,
}

impl Read {
    /// A path, not encoded, in one api-version.
    pub fn new(path: impl Into<String>, api_version: &str) -> Self {
        Self { path: path.into(), query: vec![("api-version".to_owned(), api_version.to_owned())] }
    }

    /// Adds a query parameter, not encoded.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.query.push((name.to_owned(), value.into()));
        self
    }

    fn request(&self) -> Request {
        let mut request = Request::get(ARM, &self.path);
        request.query.clone_from(&self.query);
        request.headers.push(("accept".to_owned(), "application/json".to_owned()));
        request
    }
}

/// A list as far as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// The objects, in Azure's order.
    pub items: Vec<Value>,
    /// Does the list go on behind the last page that was read?
    pub more: bool,
}

/// Resource Manager, through the upstream `azure-arm`.
#[derive(Debug, Clone, Copy)]
pub struct Arm<'a> {
    host: &'a Host,
}

impl<'a> Arm<'a> {
    /// The upstream `azure-arm`.
    pub fn new(host: &'a Host) -> Self {
        Self { host }
    }

    /// One object.
    pub fn get(&self, read: &Read) -> Result<Value, ToolError> {
        refusal::json(self.host.send(read.request()), Service::Arm)
    }

    /// Several objects or first pages, read side by side; answers keep the order.
    pub fn get_all(&self, reads: &[Read]) -> Vec<Result<Value, ToolError>> {
        let requests = reads.iter().map(Read::request).collect();
        let answers: Vec<Result<Response, ToolError>> = self.host.send_all(requests);
        answers.into_iter().map(|answer| refusal::json(answer, Service::Arm)).collect()
    }

    /// A list, at most so many pages of it.
    pub fn list(&self, read: &Read, pages: usize) -> Result<Listed, ToolError> {
        let mut listed = Listed::default();
        let mut next = Some(read.clone());
        let mut pinned = None;
        for _ in 0..pages {
            let Some(current) = next.take() else { break };
            let mut page = self.get(&current)?;
            if let Some(Value::Array(mut items)) = page.get_mut("value").map(Value::take) {
                listed.items.append(&mut items);
            }
            let link = page.get("nextLink").and_then(Value::as_str).filter(|link| !link.is_empty());
            if let Some(link) = link {
                let link = NextLink::parse(link, pinned)?;
                pinned = Some(link.host);
                next = Some(read.follow(link));
            }
        }
        listed.more = next.is_some();
        Ok(listed)
    }
}

impl Read {
    /// The next page. Azure spells paths in its own capitals, which the host's rules would not know again.
    fn follow(&self, link: NextLink) -> Self {
        let same = link.path.eq_ignore_ascii_case(&self.path);
        let path = if same { self.path.clone() } else { link.path };
        let mut query = link.query;
        if !query.iter().any(|(name, _)| name.eq_ignore_ascii_case("api-version")) {
            query.extend(self.query.iter().find(|(name, _)| name == "api-version").cloned());
        }
        Self { path, query }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{ErrorKind, testing::Canned};

    const PATH: &str = "/subscriptions/11111111-2222-3333-4444-555555555555/providers/Microsoft.Network/networkSecurityGroups";

    fn read() -> Read {
        Read::new(PATH, "2023-09-01")
    }

    /// Pages of one item each; every page but the last links to the next at `server`.
    fn pages(count: usize, server: &'static str) -> Host {
        Canned::new()
            .respond(move |request| {
                assert_eq!(request.path, PATH, "the path's own spelling is kept");
                let version = request.query.iter().find(|(name, _)| name == "api-version");
                assert_eq!(version.unwrap().1, "2023-09-01");
                let token = request.query.iter().find(|(name, _)| name == "$skiptoken");
                let page: usize = token.map_or(0, |(_, value)| value.parse().unwrap());
                let mut body = json!({"value": [{"name": page}]});
                if page + 1 < count {
                    let path = PATH.to_ascii_lowercase();
                    body["nextLink"] = json!(format!("{server}{path}?%24skiptoken={}", page + 1));
                }
                Some((200, body.to_string().into_bytes()))
            })
            .host()
    }

    #[test]
    fn a_list_is_read_over_its_pages() {
        let host = pages(3, "https://management.azure.com");
        let listed = Arm::new(&host).list(&read(), 5).unwrap();
        assert_eq!(listed.items, [json!({"name": 0}), json!({"name": 1}), json!({"name": 2})]);
        assert!(!listed.more);
    }

    #[test]
    fn a_list_longer_than_the_limit_says_so() {
        let host = pages(9, "https://management.azure.com");
        let listed = Arm::new(&host).list(&read(), 4).unwrap();
        assert_eq!((listed.items.len(), listed.more), (4, true));
    }

    #[test]
    fn next_link_to_other_host_refused() {
        let host = pages(2, "https://management.azure.com.evil.example");
        let error = Arm::new(&host).list(&read(), 5).unwrap_err();
        assert_eq!(error.kind, ErrorKind::PolicyDenied);
        assert!(error.message.contains("names a host"), "{error}");
    }

    #[test]
    fn reads_side_by_side_fail_one_by_one() {
        let host = Canned::new()
            .answer(ARM, PATH, 200, r#"{"value":[]}"#)
            .answer(ARM, "/subscriptions/x", 403, r#"{"error":{"code":"AuthorizationFailed","message":""}}"#)
            .host();
        let answers = Arm::new(&host).get_all(&[read(), Read::new("/subscriptions/x", "1")]);
        assert!(answers[0].is_ok());
        assert_eq!(answers[1].as_ref().unwrap_err().kind, ErrorKind::PolicyDenied);
    }
}
