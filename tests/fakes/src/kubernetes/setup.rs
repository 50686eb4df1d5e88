//! What a test says about its cluster before it starts.

use std::path::Path;

use serde_json::Value;

use super::{
    FakeKubernetes, Mood,
    content::Content,
    page::Pages,
    rbac::{Access, User},
};

/// A cluster that is not running yet.
pub struct Setup {
    pub(super) content: Content,
    pub(super) access: Access,
    pub(super) mood: Mood,
    pub(super) pages: Pages,
    denied: Option<Vec<(String, String)>>,
}

impl Setup {
    #[expect(clippy::expect_used, reason = "a test without its cluster can only fail")]
    pub(super) fn recorded(archive: &Path) -> Self {
        let content = Content::open(archive).expect("a readable recording");
        Self {
            denied: Some(content.forbidden.clone()),
            content,
            access: Access::of_every_cluster(),
            mood: Mood::Serves,
            pages: Pages { most: 40, expiring: 0 },
        }
    }

    /// The account may read everything but these (group, resource); `pods` covers `pods/log`.
    #[must_use]
    pub fn denying(mut self, denied: &[(&str, &str)]) -> Self {
        let denied = denied.iter().map(|(group, resource)| ((*group).to_owned(), (*resource).to_owned()));
        self.denied.get_or_insert_default().extend(denied);
        self
    }

    /// Nobody may do more than these roles and bindings say. They are not among the cluster's objects.
    ///
    /// # Panics
    ///
    /// With the API server's complaint, if it would not take one of them.
    #[must_use]
    pub fn with_roles(mut self, objects: &[Value]) -> Self {
        self.denied = None;
        for object in objects {
            self.access.apply(object);
        }
        self
    }

    /// The cluster has this object, too.
    ///
    /// # Panics
    ///
    /// If the cluster does not serve its kind.
    #[must_use]
    pub fn with(mut self, object: Value) -> Self {
        self.content.put(object);
        self
    }

    /// Pages have no more objects than this, whatever the client asks for.
    #[must_use]
    pub fn page_size(mut self, most: usize) -> Self {
        self.pages.most = most.max(1);
        self
    }

    /// The first so many continue tokens are answered with 410.
    #[must_use]
    pub fn expiring(mut self, tokens: usize) -> Self {
        self.pages.expiring = tokens;
        self
    }

    /// How the server is.
    #[must_use]
    pub fn mood(mut self, mood: Mood) -> Self {
        self.mood = mood;
        self
    }

    /// Serves it on a port of the loopback interface.
    pub async fn start(mut self) -> FakeKubernetes {
        let user = User::service_account(super::NAMESPACE, super::ACCOUNT);
        if let Some(denied) = self.denied.take() {
            self.access.reader(&user, denied);
        }
        FakeKubernetes::serve(self, user).await
    }
}
