//! The kinds that triage reads, and where the API serves them: one line each.

/// How a kind is addressed.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The kind.
    pub kind: Kind,
    /// Empty for the core group.
    pub group: &'static str,
    /// For example `v1`.
    pub version: &'static str,
    /// For example `pods`.
    pub plural: &'static str,
    /// For example `Pod`.
    pub name: &'static str,
    /// Does an object live in a namespace?
    pub namespaced: bool,
    /// Does every cluster serve it? Others are read where their API group is installed.
    pub built_in: bool,
}

macro_rules! kinds {
    ($($kind:ident $name:literal $group:literal $version:literal $plural:literal $scope:ident $origin:ident;)*) => {
        /// A kind that triage reads.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the variants are the names of Kubernetes kinds")]
        pub enum Kind {
            $($kind,)*
        }

        /// Every kind that triage reads, and where.
        pub const SOURCES: &[Source] = &[
            $(Source {
                kind: Kind::$kind,
                group: $group,
                version: $version,
                plural: $plural,
                name: $name,
                namespaced: kinds!(@ $scope),
                built_in: kinds!(@ $origin),
            },)*
        ];

        impl Kind {
            /// How the kind is addressed.
            pub fn source(self) -> &'static Source {
                match self {
                    $(Self::$kind => const {
                        &Source {
                            kind: Kind::$kind,
                            group: $group,
                            version: $version,
                            plural: $plural,
                            name: $name,
                            namespaced: kinds!(@ $scope),
                            built_in: kinds!(@ $origin),
                        }
                    },)*
                }
            }

            /// The kind of this name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$kind),)*
                    _ => None,
                }
            }
        }
    };
    (@ namespaced) => { true };
    (@ cluster) => { false };
    (@ built_in) => { true };
    (@ installed) => { false };
}

kinds! {
    Pod "Pod" "" "v1" "pods" namespaced built_in;
    Event "Event" "" "v1" "events" namespaced built_in;
    Node "Node" "" "v1" "nodes" cluster built_in;
    Namespace "Namespace" "" "v1" "namespaces" cluster built_in;
    Service "Service" "" "v1" "services" namespaced built_in;
    EndpointSlice "EndpointSlice" "discovery.k8s.io" "v1" "endpointslices" namespaced built_in;
    Ingress "Ingress" "networking.k8s.io" "v1" "ingresses" namespaced built_in;
    IngressClass "IngressClass" "networking.k8s.io" "v1" "ingressclasses" cluster built_in;
    NetworkPolicy "NetworkPolicy" "networking.k8s.io" "v1" "networkpolicies" namespaced built_in;
    Deployment "Deployment" "apps" "v1" "deployments" namespaced built_in;
    ReplicaSet "ReplicaSet" "apps" "v1" "replicasets" namespaced built_in;
    StatefulSet "StatefulSet" "apps" "v1" "statefulsets" namespaced built_in;
    DaemonSet "DaemonSet" "apps" "v1" "daemonsets" namespaced built_in;
    ControllerRevision "ControllerRevision" "apps" "v1" "controllerrevisions" namespaced built_in;
    Job "Job" "batch" "v1" "jobs" namespaced built_in;
    CronJob "CronJob" "batch" "v1" "cronjobs" namespaced built_in;
    HorizontalPodAutoscaler "HorizontalPodAutoscaler" "autoscaling" "v2" "horizontalpodautoscalers" namespaced built_in;
    PodDisruptionBudget "PodDisruptionBudget" "policy" "v1" "poddisruptionbudgets" namespaced built_in;
    PersistentVolumeClaim "PersistentVolumeClaim" "" "v1" "persistentvolumeclaims" namespaced built_in;
    PersistentVolume "PersistentVolume" "" "v1" "persistentvolumes" cluster built_in;
    StorageClass "StorageClass" "storage.k8s.io" "v1" "storageclasses" cluster built_in;
    VolumeAttachment "VolumeAttachment" "storage.k8s.io" "v1" "volumeattachments" cluster built_in;
    CsiNode "CSINode" "storage.k8s.io" "v1" "csinodes" cluster built_in;
    CsiDriver "CSIDriver" "storage.k8s.io" "v1" "csidrivers" cluster built_in;
    ResourceQuota "ResourceQuota" "" "v1" "resourcequotas" namespaced built_in;
    LimitRange "LimitRange" "" "v1" "limitranges" namespaced built_in;
    PriorityClass "PriorityClass" "scheduling.k8s.io" "v1" "priorityclasses" cluster built_in;
    RuntimeClass "RuntimeClass" "node.k8s.io" "v1" "runtimeclasses" cluster built_in;
    Lease "Lease" "coordination.k8s.io" "v1" "leases" namespaced built_in;
    ConfigMap "ConfigMap" "" "v1" "configmaps" namespaced built_in;
    Secret "Secret" "" "v1" "secrets" namespaced built_in;
    ServiceAccount "ServiceAccount" "" "v1" "serviceaccounts" namespaced built_in;
    Role "Role" "rbac.authorization.k8s.io" "v1" "roles" namespaced built_in;
    RoleBinding "RoleBinding" "rbac.authorization.k8s.io" "v1" "rolebindings" namespaced built_in;
    ClusterRole "ClusterRole" "rbac.authorization.k8s.io" "v1" "clusterroles" cluster built_in;
    ClusterRoleBinding "ClusterRoleBinding" "rbac.authorization.k8s.io" "v1" "clusterrolebindings" cluster built_in;
    ValidatingWebhookConfiguration "ValidatingWebhookConfiguration" "admissionregistration.k8s.io" "v1" "validatingwebhookconfigurations" cluster built_in;
    MutatingWebhookConfiguration "MutatingWebhookConfiguration" "admissionregistration.k8s.io" "v1" "mutatingwebhookconfigurations" cluster built_in;
    ApiService "APIService" "apiregistration.k8s.io" "v1" "apiservices" cluster built_in;
    CustomResourceDefinition "CustomResourceDefinition" "apiextensions.k8s.io" "v1" "customresourcedefinitions" cluster built_in;
    CertificateSigningRequest "CertificateSigningRequest" "certificates.k8s.io" "v1" "certificatesigningrequests" cluster built_in;
    GatewayClass "GatewayClass" "gateway.networking.k8s.io" "v1" "gatewayclasses" cluster installed;
    Gateway "Gateway" "gateway.networking.k8s.io" "v1" "gateways" namespaced installed;
    HttpRoute "HTTPRoute" "gateway.networking.k8s.io" "v1" "httproutes" namespaced installed;
    GrpcRoute "GRPCRoute" "gateway.networking.k8s.io" "v1" "grpcroutes" namespaced installed;
    ReferenceGrant "ReferenceGrant" "gateway.networking.k8s.io" "v1beta1" "referencegrants" namespaced installed;
    Certificate "Certificate" "cert-manager.io" "v1" "certificates" namespaced installed;
    CertificateRequest "CertificateRequest" "cert-manager.io" "v1" "certificaterequests" namespaced installed;
    Issuer "Issuer" "cert-manager.io" "v1" "issuers" namespaced installed;
    ClusterIssuer "ClusterIssuer" "cert-manager.io" "v1" "clusterissuers" cluster installed;
    Order "Order" "acme.cert-manager.io" "v1" "orders" namespaced installed;
    Challenge "Challenge" "acme.cert-manager.io" "v1" "challenges" namespaced installed;
    ScaledObject "ScaledObject" "keda.sh" "v1alpha1" "scaledobjects" namespaced installed;
    GitRepository "GitRepository" "source.toolkit.fluxcd.io" "v1" "gitrepositories" namespaced installed;
    Kustomization "Kustomization" "kustomize.toolkit.fluxcd.io" "v1" "kustomizations" namespaced installed;
    HelmRelease "HelmRelease" "helm.toolkit.fluxcd.io" "v2" "helmreleases" namespaced installed;
    Application "Application" "argoproj.io" "v1alpha1" "applications" namespaced installed;
    ClusterServiceVersion "ClusterServiceVersion" "operators.coreos.com" "v1alpha1" "clusterserviceversions" namespaced installed;
    InstallPlan "InstallPlan" "operators.coreos.com" "v1alpha1" "installplans" namespaced installed;
    CatalogSource "CatalogSource" "operators.coreos.com" "v1alpha1" "catalogsources" namespaced installed;
    OperatorGroup "OperatorGroup" "operators.coreos.com" "v1" "operatorgroups" namespaced installed;
    PolicyReport "PolicyReport" "wgpolicyk8s.io" "v1alpha2" "policyreports" namespaced installed;
    AuthorizationPolicy "AuthorizationPolicy" "security.istio.io" "v1" "authorizationpolicies" namespaced installed;
    PeerAuthentication "PeerAuthentication" "security.istio.io" "v1" "peerauthentications" namespaced installed;
    CiliumNetworkPolicy "CiliumNetworkPolicy" "cilium.io" "v2" "ciliumnetworkpolicies" namespaced installed;
    BgpPeer "BGPPeer" "crd.projectcalico.org" "v1" "bgppeers" cluster installed;
    PodChaos "PodChaos" "chaos-mesh.org" "v1alpha1" "podchaos" namespaced installed;
    NetworkChaos "NetworkChaos" "chaos-mesh.org" "v1alpha1" "networkchaos" namespaced installed;
    StressChaos "StressChaos" "chaos-mesh.org" "v1alpha1" "stresschaos" namespaced installed;
    ChaosEngine "ChaosEngine" "litmuschaos.io" "v1alpha1" "chaosengines" namespaced installed;
    SecretProviderClass "SecretProviderClass" "secrets-store.csi.x-k8s.io" "v1" "secretproviderclasses" namespaced installed;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manifest_declares_what_is_read_and_says_what_is_lost_without_it() {
        let manifest = include_str!("../toolset.toml");
        for source in SOURCES {
            let declared = manifest.lines().any(|line| {
                line.contains(&format!("groups = [\"{}\"]", source.group))
                    && line.contains(&format!("\"{}\"", source.plural))
            });
            assert!(declared, "{} of {:?} are read and not declared", source.plural, source.group);
            let resource = match source.group {
                "" => format!("{} = ", source.plural),
                group => format!("\"{}.{group}\" = ", source.plural),
            };
            assert!(manifest.lines().any(|line| line.starts_with(&resource)), "{resource} loses nothing?");
        }
    }
}
