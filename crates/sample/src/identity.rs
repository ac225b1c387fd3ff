//! The `userIdentity` of each kind of principal, with the temporary credentials of its current session.

use crate::people::{Kind, Principal};
use crate::rng::{Rng, mix};
use crate::text;

impl Principal {
    /// Writes its `userIdentity` of that moment.
    pub(crate) fn identity(&self, out: &mut Vec<u8>, at_s: i64) {
        let start_s = self.session_start_s(at_s);
        match self.kind {
            Kind::Service => texts(out, &[r#"{"type":"AWSService","invokedBy":""#, &self.name, r#""}"#]),
            Kind::Root => self.root(out, start_s),
            Kind::User => self.user(out),
            Kind::Role | Kind::Person | Kind::Linked => self.role(out, start_s),
            Kind::IdentityCenter => self.identity_center(out),
            Kind::Federated => self.federated(out, start_s),
        }
    }

    fn root(&self, out: &mut Vec<u8>, start_s: i64) {
        let account = &self.account;
        texts(out, &[r#"{"type":"Root","principalId":""#, account, r#"","arn":""#, &self.arn]);
        texts(out, &[r#"","accountId":""#, account, r#"","accessKeyId":""#]);
        self.temporary_key(out, start_s);
        text::push(out, r#"","sessionContext":{"attributes":{"creationDate":""#);
        text::time(out, start_s);
        text::push(out, r#"","mfaAuthenticated":"true"}}}"#);
    }

    fn user(&self, out: &mut Vec<u8>) {
        texts(out, &[r#"{"type":"IAMUser","principalId":""#, &self.id, r#"","arn":""#, &self.arn]);
        texts(out, &[r#"","accountId":""#, &self.account, r#"","accessKeyId":""#, &self.key]);
        texts(out, &[r#"","userName":""#, &self.name, r#""}"#]);
    }

    fn role(&self, out: &mut Vec<u8>, start_s: i64) {
        let (account, id, path) = (&self.account, &self.id, self.role_path());
        let session = match self.session.as_str() {
            "" => format!("botocore-session-{}", start_s + (self.seed % 3000) as i64),
            session => session.to_owned(),
        };
        texts(out, &[r#"{"type":"AssumedRole","principalId":""#, id, ":", &session, r#"","arn":"arn:aws:sts::"#]);
        texts(out, &[account, ":assumed-role/", &self.name, "/", &session, r#"","accountId":""#, account]);
        text::push(out, r#"","accessKeyId":""#);
        self.temporary_key(out, start_s);
        texts(out, &[r#"","sessionContext":{"sessionIssuer":{"type":"Role","principalId":""#, id, r#"","arn":"arn:aws:iam::"#]);
        texts(out, &[account, ":role/", path, &self.name, r#"","accountId":""#, account, r#"","userName":""#, &self.name]);
        text::push(out, r#""},"webIdFederationData":{},"attributes":{"creationDate":""#);
        text::time(out, start_s);
        text::push(out, r#"","mfaAuthenticated":"false"}"#);
        if self.session.starts_with("i-") {
            text::push(out, r#","ec2RoleDelivery":"2.0""#);
        }
        text::push(out, "}");
        if self.kind == Kind::Linked {
            texts(out, &[r#","invokedBy":""#, self.addresses.first().map(String::as_str).unwrap_or_default(), "\""]);
        }
        text::push(out, "}");
    }

    fn role_path(&self) -> &'static str {
        match self.kind {
            Kind::Person => "aws-reserved/sso.amazonaws.com/",
            Kind::Linked => "aws-service-role/",
            _ => "",
        }
    }

    fn identity_center(&self, out: &mut Vec<u8>) {
        texts(out, &[r#"{"type":"IdentityCenterUser","accountId":""#, &self.account, r#"","onBehalfOf":{"userId":""#]);
        texts(out, &[&self.id, r#"","identityStoreArn":"arn:aws:identitystore::"#, &self.account]);
        text::push(out, r#":identitystore/d-9067642ac7"},"credentialId":""#);
        let mut rng = Rng::new(self.seed);
        text::base64(out, &mut rng, 120);
        text::push(out, r#""}"#);
    }

    fn federated(&self, out: &mut Vec<u8>, start_s: i64) {
        let (account, name) = (&self.account, &self.name);
        texts(out, &[r#"{"type":"FederatedUser","principalId":""#, account, ":", name, r#"","arn":""#, &self.arn]);
        texts(out, &[r#"","accountId":""#, account, r#"","accessKeyId":""#]);
        self.temporary_key(out, start_s);
        texts(out, &[r#"","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":""#, &self.id]);
        texts(out, &[r#"","arn":"arn:aws:iam::"#, account, r#":user/svc-federation","accountId":""#, account]);
        text::push(out, r#"","userName":"svc-federation"},"webIdFederationData":{},"attributes":{"creationDate":""#);
        text::time(out, start_s);
        text::push(out, r#"","mfaAuthenticated":"false"}}}"#);
    }

    fn temporary_key(&self, out: &mut Vec<u8>, start_s: i64) {
        let mut rng = Rng::new(mix(self.seed, &[start_s.unsigned_abs()]));
        text::push(out, "ASIA");
        text::base32(out, &mut rng, 16);
    }
}

fn texts(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        text::push(out, part);
    }
}
