"""A small SAM template with small functions, for the local stack to run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from feedsmith_local.aws import PSEUDO_PARAMETERS, LocalAws
from feedsmith_local.http import LocalHttpServer
from feedsmith_local.template import Template
from support.callers import LOCAL_KEY
from support.local_api import Api

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Size: {Type: Number, Default: 2}
  Mode: {Type: String, Default: plain}
Conditions:
  IsPlain: !Equals [!Ref Mode, plain]
  IsOther: !Not [!Condition IsPlain]
Globals:
  Function:
    Timeout: 5
    Environment:
      Variables: {TABLE: !Ref Table, SHARED: from-globals}
Resources:
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: prod
      Auth:
        DefaultAuthorizer: Guard
        Authorizers:
          Guard: {FunctionArn: !GetAtt GuardFunction.Arn, Identity: {Headers: [Authorization], ReauthorizeEvery: 60}}
  GuardFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: guard, Handler: app.authorize}
  WebFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: web
      Handler: app.answer
      Environment: {Variables: {SHARED: own, KEY: !GetAtt Key.Arn}}
      Events:
        Open:
          Type: Api
          Properties:
            {RestApiId: !Ref Api, Method: GET, Path: /open, Auth: {Authorizer: NONE, ApiKeyRequired: false}}
        One: {Type: Api, Properties: {RestApiId: !Ref Api, Method: GET, Path: "/things/{id}"}}
        Add: {Type: Api, Properties: {RestApiId: !Ref Api, Method: POST, Path: /things}}
  WorkFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: work
      Handler: app.plan
      EventInvokeConfig:
        MaximumRetryAttempts: 1
        DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt DeadQueue.Arn}}
      Events:
        Upload: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt Queue.Arn
            BatchSize: !Ref Size
            Enabled: !If [IsPlain, true, false]
            FunctionResponseTypes: [ReportBatchItemFailures]
        Stream:
          Type: DynamoDB
          Properties:
            Stream: !GetAtt Table.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 4
            TumblingWindowInSeconds: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 1
            FilterCriteria: {Filters: [{Pattern: '{"dynamodb": {"Keys": {"sk": {"S": [{"prefix": "E#"}]}}}}'}]}
            DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt DeadQueue.Arn}}
        Schedule: {Type: ScheduleV2, Properties: {ScheduleExpression: rate(2 hours)}}
  ImageFunction:
    Type: AWS::Serverless::Function
    Properties: {PackageType: Image}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions:
        - {AttributeName: pk, AttributeType: S}
        - {AttributeName: sk, AttributeType: S}
        - {AttributeName: at, AttributeType: S}
        - {AttributeName: color, AttributeType: S}
      KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: sk, KeyType: RANGE}]
      LocalSecondaryIndexes:
        - IndexName: by_time
          KeySchema: [{AttributeName: pk, KeyType: HASH}, {AttributeName: at, KeyType: RANGE}]
          Projection: {ProjectionType: ALL}
      GlobalSecondaryIndexes:
        - IndexName: by_color
          KeySchema: [{AttributeName: color, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
      StreamSpecification: {StreamViewType: NEW_AND_OLD_IMAGES}
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub "${AWS::StackName}-uploads-${AWS::AccountId}"
      VersioningConfiguration: {Status: Enabled}
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 1800
      KmsMasterKeyId: !GetAtt Key.Arn
      RedrivePolicy: {deadLetterTargetArn: !GetAtt DeadQueue.Arn, maxReceiveCount: 3}
  DeadQueue: {Type: AWS::SQS::Queue}
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties: {GenerateSecretString: {PasswordLength: 40, ExcludePunctuation: true}}
  Key:
    Type: AWS::KMS::Key
    Properties: {Description: !Sub "of ${AWS::StackName}"}
  OtherQueue: {Type: AWS::SQS::Queue, Condition: IsOther}
  Role: {Type: AWS::IAM::ManagedPolicy}
"""

CODE = {
    "guard": """
        CALLS = []

        def authorize(event, context):
            CALLS.append(event)
            key = event["headers"]["Authorization"]
            if key == "broken":
                raise ValueError("no")
            if key not in ("all", "narrow", "denied"):
                raise Exception("Unauthorized")
            arn = event["methodArn"]
            return {
                "principalId": "someone",
                "policyDocument": {"Statement": [{
                    "Effect": "Deny" if key == "denied" else "Allow",
                    "Resource": arn if key == "narrow" else arn.split("/")[0] + "/*",
                }]},
                "context": {"tenant": "t", "number": 7, "flag": True},
            }
    """,
    "web": """
        import json

        def answer(event, context):
            if event["resource"] == "/things/{id}":
                return {"statusCode": 200, "headers": {"X-Function": context.function_name}, "body": json.dumps(event)}
            if event["resource"] == "/open":
                return {"statusCode": 204, "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]}, "body": ""}
            if event["body"] == "break":
                raise ValueError("secret")
            return {"statusCode": 201, "body": "AAEC", "isBase64Encoded": True}
    """,
    "work": """
        def plan(event, context):
            return None
    """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The template and its functions' code."""
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    for name, code in CODE.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(textwrap.dedent(code))
    return tmp_path


@pytest.fixture
def template(folder: Path) -> Template:
    return Template(folder / "template.yaml", PSEUDO_PARAMETERS)


@pytest.fixture
def aws(template: Template) -> Iterator[LocalAws]:
    with LocalAws(template) as running:
        yield running


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Api]:
    """An API that the commands find, and an empty folder to run them in."""
    answering = Api()
    monkeypatch.chdir(tmp_path)
    with LocalHttpServer(answering, 0) as server:
        monkeypatch.setenv("FEEDSMITH_URL", server.base_url)
        monkeypatch.setenv("FEEDSMITH_LOCAL_KEY", LOCAL_KEY)
        yield answering
