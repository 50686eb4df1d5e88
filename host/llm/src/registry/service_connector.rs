//! The variables that Azure Service Connector puts into a pod, in its three families.
//!
//! <https://learn.microsoft.com/azure/service-connector/how-to-integrate-openai>

use holmes_config::Environment;

/// One family: the endpoint's variable, and the prefix of the variables with its credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family {
    /// Names the endpoint.
    pub(crate) base: &'static str,
    key: &'static str,
    client_id: &'static str,
    client_secret: &'static str,
    tenant_id: &'static str,
}

/// In the order in which they are looked up: Azure `OpenAI`, AI services, multi-service.
const FAMILIES: [Family; 3] = [
    Family {
        base: "AZURE_OPENAI_BASE",
        key: "AZURE_OPENAI_KEY",
        client_id: "AZURE_OPENAI_CLIENTID",
        client_secret: "AZURE_OPENAI_CLIENTSECRET",
        tenant_id: "AZURE_OPENAI_TENANTID",
    },
    Family {
        base: "AZURE_AISERVICES_OPENAI_BASE",
        key: "AZURE_AISERVICES_KEY",
        client_id: "AZURE_AISERVICES_CLIENTID",
        client_secret: "AZURE_AISERVICES_CLIENTSECRET",
        tenant_id: "AZURE_AISERVICES_TENANTID",
    },
    Family {
        base: "AZURE_COGNITIVESERVICES_ENDPOINT",
        key: "AZURE_COGNITIVESERVICES_KEY",
        client_id: "AZURE_COGNITIVESERVICES_CLIENTID",
        client_secret: "AZURE_COGNITIVESERVICES_CLIENTSECRET",
        tenant_id: "AZURE_COGNITIVESERVICES_TENANTID",
    },
];

impl Family {
    /// The first family whose endpoint is set, and the endpoint.
    pub(crate) fn in_use(environment: &Environment) -> Option<(Self, &str)> {
        FAMILIES.iter().find_map(|family| Some((*family, environment.get(family.base)?)))
    }

    /// The key of the connection, with its variable's name.
    pub(crate) fn key(self, environment: &Environment) -> Option<(&'static str, &str)> {
        environment.first(&[self.key])
    }

    /// The identity of the connection.
    pub(crate) fn client_id(self, environment: &Environment) -> Option<&str> {
        environment.get(self.client_id)
    }

    /// The service principal of the connection: tenant, client, secret.
    pub(crate) fn service_principal(self, environment: &Environment) -> Option<(&str, &str, &str)> {
        let secret = environment.get(self.client_secret)?;
        Some((environment.get(self.tenant_id)?, environment.get(self.client_id)?, secret))
    }
}
