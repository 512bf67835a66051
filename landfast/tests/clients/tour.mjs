// What a program in JavaScript does with the SDK's version 3: AWS_ENDPOINT_URL is all that it is told.
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import {
  GetAliasCommand,
  GetPolicyCommand,
  InvokeCommand,
  InvokeWithResponseStreamCommand,
  LambdaClient,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const lambda = new LambdaClient({});
const told = {};

const { Stacks } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName: "clients" }));
const url = Stacks[0].Outputs.find((output) => output.OutputKey === "JobsUrl").OutputValue;
told.sent = (await new SQSClient({}).send(new SendMessageCommand({ QueueUrl: url, MessageBody: "{}" }))).MessageId;

const called = await lambda.send(new InvokeCommand({ FunctionName: "greeter:live", Payload: '{"name": "js"}' }));
told.returned = JSON.parse(called.Payload.transformToString());
const streamed = await lambda.send(
  new InvokeWithResponseStreamCommand({ FunctionName: "greeter", Payload: '{"name": "stream"}' }),
);
told.streamed = "";
for await (const event of streamed.EventStream) {
  if (event.PayloadChunk) told.streamed += Buffer.from(event.PayloadChunk.Payload).toString();
}

told.states = [];
for await (const page of paginateListEventSourceMappings({ client: lambda, pageSize: 1 }, {})) {
  told.states.push(...page.EventSourceMappings.map((mapping) => mapping.State));
  told.uuid = page.EventSourceMappings[0].UUID;
}
const updated = await lambda.send(new UpdateEventSourceMappingCommand({ UUID: told.uuid, Enabled: true }));
told.modified = updated.LastModified instanceof Date;

told.errors = [];
for (const command of [
  new GetAliasCommand({ FunctionName: "greeter", Name: "no" }),
  new GetPolicyCommand({ FunctionName: "nobody" }),
]) {
  await lambda.send(command).catch((error) => told.errors.push([error.name, error.$metadata.httpStatusCode]));
}
console.log(JSON.stringify(told));
