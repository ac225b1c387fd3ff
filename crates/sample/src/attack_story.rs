//! The scenes of the attack, in order. See [`crate::attack`] for what they amount to.

use crate::attack::{Attack, Planted};
use crate::attack_stage::{Act, Actor, Effect, HOME, SOURCE_IP, Story, TOOL, role_id, tail, user_actor};
use crate::organization::{Account, Organization, Pool};
use crate::people::{Kind, VICTIM};
use crate::plan::{DAY_S, Plan, TRAIL};
use crate::record;
use crate::rng::{Rng, mix};
use crate::text;

const PIVOT: &str = "ap-southeast-3";
const BACKDOOR: &str = "OrganizationAccountAccessRo1e";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0";
const SECRETS: u32 = 12;
const OBJECTS: u32 = 1_100;

/// Tells the whole story.
pub(crate) fn tell(plan: &Plan, organization: &Organization) -> Option<(Attack, Vec<Planted>)> {
    let home = usize::from(organization.accounts.len() > 1);
    let (account, target) = (organization.accounts.get(home)?, organization.accounts.first()?);
    let user = account.principal(VICTIM)?;
    let begin_s = if plan.days >= 2 { plan.end_s() - 2 * DAY_S + 22 * 3600 } else { plan.end_s() - DAY_S + 3600 };
    let mut story =
        Story { organization, now_s: begin_s, rng: Rng::new(mix(plan.seed, &[4])), planted: Vec::new(), attack: Attack::default() };
    story.cast(account, target, &user.key);
    let leaked = user_actor(home, account, &user.id, &user.key, TOOL);
    story.break_in(&leaked, account);
    let fresh = story.new_key(home, account, &user.id);
    story.look_around(&fresh, account);
    story.backdoor(&fresh, account);
    let role = story.through_backdoor(home, account);
    let admin = story.reach_target(&role, target);
    story.secrets(&admin, target);
    story.pivot(&admin, target);
    story.objects(&admin, target);
    story.blind(&admin, target);
    story.respond(target);
    story.planted.sort_by_key(|planted| planted.at_s);
    Some((story.attack, story.planted))
}

impl Story<'_> {
    fn cast(&mut self, account: &Account, target: &Account, leaked: &str) {
        let foreign = 700_000_000_000 + self.rng.below(99_999_999_999);
        self.attack = Attack {
            user: VICTIM.to_owned(),
            user_account: account.id.clone(),
            target_account: target.id.clone(),
            foreign_account: foreign.to_string(),
            access_key_leaked: leaked.to_owned(),
            role_backdoor: BACKDOOR.to_owned(),
            source_ip: SOURCE_IP.to_owned(),
            region_pivot: PIVOT.to_owned(),
            bucket: target.owned(Pool::Bucket).get(2).cloned().unwrap_or_default(),
            ..Attack::default()
        };
    }

    /// The leaked key works; it makes a password, and the console lets the attacker in without a second factor.
    fn break_in(&mut self, leaked: &Actor, account: &Account) {
        self.act(leaked, Act::read("sts", "GetCallerIdentity", "null"));
        self.wait(40, 90);
        self.act(leaked, Act::read("iam", "GetUser", "null"));
        self.wait(60, 200);
        let request = format!(r#"{{"userName":"{VICTIM}","passwordResetRequired":false}}"#);
        let created = text::written(|out| text::american(out, self.now_s));
        let response =
            format!(r#"{{"loginProfile":{{"userName":"{VICTIM}","createDate":"{created}","passwordResetRequired":false}}}}"#);
        self.act(leaked, Act::write("iam", "CreateLoginProfile", request, response));
        for outcome in ["Failure", "Success"] {
            self.wait(30, 90);
            self.login(leaked.account, account, outcome);
        }
        self.wait(90, 180);
    }

    fn login(&mut self, index: usize, account: &Account, outcome: &str) {
        let identity = format!(
            r#"{{"type":"IAMUser","principalId":"{}","arn":"arn:aws:iam::{}:user/{VICTIM}","accountId":"{}","userName":"{VICTIM}"}}"#,
            account.principal(VICTIM).map(|user| user.id.as_str()).unwrap_or_default(),
            account.id,
            account.id
        );
        let actor = Actor { account: index, identity, arn: String::new(), agent: BROWSER };
        let extra = r#"{"LoginTo":"https://console.aws.amazon.com/console/home","MobileVersion":"No","MFAUsed":"No"}"#;
        let login = Act::write("signin", "ConsoleLogin", "null", format!(r#"{{"ConsoleLogin":"{outcome}"}}"#));
        let error = (outcome == "Failure").then(|| ("", "Failed authentication".to_owned()));
        self.act(&actor, Act { extra, error, ..login });
    }

    /// A second key for the user, made in the console.
    fn new_key(&mut self, index: usize, account: &Account, user_id: &str) -> Actor {
        let session = self.key("ASIA");
        let console = user_actor(index, account, user_id, &session, BROWSER);
        self.act(&console, Act::read("iam", "ListAccessKeys", format!(r#"{{"userName":"{VICTIM}"}}"#)));
        self.wait(20, 60);
        let key = self.key("AKIA");
        let created = text::written(|out| text::american(out, self.now_s));
        let response = format!(
            r#"{{"accessKey":{{"accessKeyId":"{key}","status":"Active","userName":"{VICTIM}","createDate":"{created}"}}}}"#
        );
        self.act(&console, Act::write("iam", "CreateAccessKey", format!(r#"{{"userName":"{VICTIM}"}}"#), response));
        self.attack.access_key_new = key.clone();
        self.wait(120, 300);
        user_actor(index, account, user_id, &key, TOOL)
    }

    /// Tries many doors; most are closed.
    fn look_around(&mut self, fresh: &Actor, account: &Account) {
        const DOORS: [(&str, &str, bool); 16] = [
            ("sts", "GetCallerIdentity", true),
            ("iam", "ListAttachedUserPolicies", true),
            ("iam", "ListUsers", false),
            ("iam", "GetAccountAuthorizationDetails", false),
            ("iam", "ListRoles", true),
            ("s3", "ListBuckets", true),
            ("ec2", "DescribeInstances", false),
            ("lambda", "ListFunctions20150331", false),
            ("rds", "DescribeDBInstances", false),
            ("secretsmanager", "ListSecrets", false),
            ("organizations", "DescribeOrganization", true),
            ("organizations", "ListAccounts", false),
            ("cloudtrail", "DescribeTrails", true),
            ("guardduty", "ListDetectors", false),
            ("ses", "GetAccount", false),
            ("bedrock", "ListFoundationModels", false),
        ];
        for (service, name, open) in DOORS {
            let act = Act::read(service, name, "null");
            self.act(fresh, if open { act } else { act.denied(fresh, account) });
            self.wait(1, 9);
        }
        self.wait(600, 1200);
    }

    /// A role whose name looks like AWS's own, open to the attacker's account.
    fn backdoor(&mut self, fresh: &Actor, account: &Account) {
        let policy = |principal: &str| {
            format!(
                r#"{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"{principal}\"}},\"Action\":\"sts:AssumeRole\"}}]}}"#
            )
        };
        let own = policy(&format!("arn:aws:iam::{}:root", account.id));
        let foreign = policy(&format!("arn:aws:iam::{}:root", self.attack.foreign_account));
        let request =
            format!(r#"{{"roleName":"{BACKDOOR}","assumeRolePolicyDocument":"{own}","description":"Organization access"}}"#);
        let response = format!(
            r#"{{"role":{{"path":"/","roleName":"{BACKDOOR}","roleId":"{}","arn":"arn:aws:iam::{}:role/{BACKDOOR}","createDate":"{}"}}}}"#,
            role_id(&self.attack.foreign_account),
            account.id,
            text::written(|out| text::american(out, self.now_s))
        );
        self.act(fresh, Act::write("iam", "CreateRole", request, response));
        self.wait(5, 20);
        let request = format!(r#"{{"roleName":"{BACKDOOR}","policyArn":"arn:aws:iam::aws:policy/AdministratorAccess"}}"#);
        self.act(fresh, Act::write("iam", "AttachRolePolicy", request, "null"));
        self.wait(30, 90);
        let request = format!(r#"{{"roleName":"{BACKDOOR}","policyDocument":"{foreign}"}}"#);
        self.act(fresh, Act::write("iam", "UpdateAssumeRolePolicy", request, "null"));
        self.wait(1800, 3600);
    }

    /// The attacker's own account walks in; AWS shows the caller as an account.
    fn through_backdoor(&mut self, index: usize, account: &Account) -> Actor {
        let foreign = self.attack.foreign_account.clone();
        let identity = format!(r#"{{"type":"AWSAccount","principalId":"AIDA{}","accountId":"{foreign}"}}"#, tail(&foreign));
        let outside = Actor { account: index, identity, arn: String::new(), agent: TOOL };
        let role = self.assume(&outside, index, account, BACKDOOR, &role_id(&foreign), None);
        self.wait(60, 120);
        self.act(&role, Act::read("sts", "GetCallerIdentity", "null"));
        self.wait(120, 240);
        role
    }

    /// From the member account into the management account; both accounts receive a record, with one shared id.
    fn reach_target(&mut self, role: &Actor, target: &Account) -> Actor {
        let shared = [self.rng.next(), self.rng.next()];
        let name = target.owned(Pool::Role).first().cloned().unwrap_or_default();
        let id = format!("AROA{}", tail(&target.id));
        let admin = self.assume(role, 0, target, &name, &id, (role.account != 0).then_some(shared));
        self.wait(60, 180);
        admin
    }

    fn secrets(&mut self, admin: &Actor, target: &Account) {
        self.act(admin, Act::read("secretsmanager", "ListSecrets", r#"{"maxResults":100}"#));
        for secret in target.owned(Pool::Secret).iter().take(SECRETS as usize) {
            self.wait(2, 8);
            let request = format!(r#"{{"secretId":"arn:aws:secretsmanager:{HOME}:{}:secret:{secret}"}}"#, target.id);
            self.act(admin, Act::read("secretsmanager", "GetSecretValue", request));
            self.attack.secrets_read += 1;
        }
        self.wait(600, 1500);
    }

    /// Machines in a region where nobody looks. The first attempt is too greedy.
    fn pivot(&mut self, admin: &Actor, target: &Account) {
        self.act(admin, Act::read("ec2", "DescribeRegions", r#"{"regionSet":{},"allRegions":true}"#));
        self.wait(30, 60);
        self.act(admin, Act::read("ec2", "DescribeInstances", r#"{"instancesSet":{},"filterSet":{}}"#).in_region(PIVOT));
        self.wait(20, 60);
        let response = format!(
            r#"{{"requestId":"{}","keyName":"k1","keyFingerprint":"{:016x}","keyPairId":"key-0{:016x}","keyMaterial":"<sensitiveDataRemoved>"}}"#,
            self.uuid(),
            self.rng.next(),
            self.rng.next()
        );
        self.act(
            admin,
            Act::write("ec2", "CreateKeyPair", r#"{"keyName":"k1","keyType":"rsa","keyFormat":"pem"}"#, response).in_region(PIVOT),
        );
        for size in ["p5.48xlarge", "g5.12xlarge", "g5.12xlarge"] {
            self.wait(60, 150);
            let run = self.run_instances(target, size);
            let greedy = || {
                (
                    "Client.VcpuLimitExceeded",
                    "You have requested more vCPU capacity than your current vCPU limit allows.".to_owned(),
                )
            };
            let error = (size == "p5.48xlarge").then(greedy);
            self.act(admin, Act { error, ..run });
        }
        self.wait(300, 900);
    }

    fn run_instances(&mut self, target: &Account, size: &str) -> Act<'static> {
        let (image, instance) = (self.rng.next(), self.rng.next());
        let request = format!(
            r#"{{"instancesSet":{{"items":[{{"imageId":"ami-0{image:016x}","minCount":4,"maxCount":4,"keyName":"k1"}}]}},"instanceType":"{size}","blockDeviceMapping":{{}},"monitoring":{{"enabled":false}},"disableApiTermination":false,"clientToken":"{}"}}"#,
            self.uuid()
        );
        let response = match size {
            "p5.48xlarge" => "null".to_owned(),
            _ => format!(
                r#"{{"requestId":"{}","reservationId":"r-0{image:016x}","ownerId":"{}","groupSet":{{}},"instancesSet":{{"items":[{{"instanceId":"i-0{instance:016x}","imageId":"ami-0{image:016x}","instanceState":{{"code":0,"name":"pending"}},"keyName":"k1","instanceType":"{size}","placement":{{"availabilityZone":"{PIVOT}a","tenancy":"default"}}}}]}}}}"#,
                self.uuid(),
                target.id
            ),
        };
        Act::write("ec2", "RunInstances", request, response).in_region(PIVOT)
    }

    /// Reads a bucket from end to end, about one object per second.
    fn objects(&mut self, admin: &Actor, target: &Account) {
        let bucket = self.attack.bucket.clone();
        let host = format!("{bucket}.s3.{HOME}.amazonaws.com");
        let bucket_only = format!(r#"[{{"accountId":"{}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{bucket}"}}]"#, target.id);
        let list = format!(
            r#"{{"list-type":"2","bucketName":"{bucket}","encoding-type":"url","max-keys":"1000","prefix":"","Host":"{host}"}}"#
        );
        let act = Act::new("s3", "ListObjects", Effect::ReadsData, list);
        self.act(admin, Act { resources: bucket_only, ..act });
        for number in 0..OBJECTS {
            self.wait(0, 2);
            let key = format!("customers/export-{:05}/{:08x}.csv.gz", number / 40, self.rng.next() >> 32);
            let sent = 200_000 + self.rng.below(3_000_000);
            let extra = format!(
                r#"{{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"{}=","bytesTransferredOut":{sent}}}"#,
                text::written(|out| text::base64(out, &mut self.rng, 75))
            );
            let resources = format!(
                r#"[{{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::{bucket}/{key}"}},{{"accountId":"{}","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::{bucket}"}}]"#,
                target.id
            );
            let request = format!(r#"{{"bucketName":"{bucket}","Host":"{host}","key":"{key}"}}"#);
            let act = Act::new("s3", "GetObject", Effect::ReadsData, request);
            self.act(admin, Act { extra: &extra, resources, ..act });
            self.attack.objects_read += 1;
        }
        self.wait(120, 400);
    }

    /// Switches the trail off; deleting it is refused by a service control policy.
    fn blind(&mut self, admin: &Actor, target: &Account) {
        let trail = format!(r#"{{"name":"arn:aws:cloudtrail:{HOME}:{}:trail/{TRAIL}"}}"#, target.id);
        self.act(admin, Act::read("cloudtrail", "GetTrailStatus", trail.clone()));
        self.wait(10, 30);
        self.attack.logging_stopped = text::written(|out| text::time(out, self.now_s));
        self.act(admin, Act::write("cloudtrail", "StopLogging", trail.clone(), "null"));
        self.wait(10, 30);
        let (code, mut message) = record::denied(&admin.arn, "cloudtrail", "DeleteTrail", &target.id);
        message = message.replace(
            "because no identity-based policy allows the cloudtrail:DeleteTrail action",
            "with an explicit deny in a service control policy",
        );
        let delete = Act::write("cloudtrail", "DeleteTrail", trail, "null");
        self.act(admin, Act { error: Some((code, message)), ..delete });
        self.attack.started = self.attack.steps.first().map(|step| step.time.clone()).unwrap_or_default();
        self.attack.stopped = self.attack.steps.last().map(|step| step.time.clone()).unwrap_or_default();
    }

    /// Somebody noticed: the trail is on again after some minutes.
    fn respond(&mut self, target: &Account) {
        let Some(person) = target.people.iter().find(|person| person.kind == Kind::Person) else {
            return;
        };
        self.wait(400, 600);
        let identity = text::written(|out| person.identity(out, self.now_s));
        let actor = Actor {
            account: 0,
            identity,
            arn: person.arn.clone(),
            agent: "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
        };
        let trail = format!(r#"{{"name":"arn:aws:cloudtrail:{HOME}:{}:trail/{TRAIL}"}}"#, target.id);
        self.attack.logging_restarted = text::written(|out| text::time(out, self.now_s));
        self.plant(&actor, Act::write("cloudtrail", "StartLogging", trail, "null"), "203.0.113.10");
    }
}
