// The rules that steps name, each in a sentence: by the whole note where a rule has several, else by its number.
export default {
  "rules.title": { en: "Rules", ko: "규칙" },
  "rules.all": { en: "All rules", ko: "모든 규칙" },
  "rules.find": { en: "Find a rule", ko: "규칙 찾기" },
  "rules.none": { en: "No rule has this text", ko: "이 텍스트가 있는 규칙이 없습니다" },
  "rules.english": { en: "Evidence for each sentence stands behind it.", ko: "규칙의 원문은 영어이며, 각 문장 뒤에 근거가 있습니다." },
  "rule.S-04 function error": {
    en: "The function failed. An asynchronous event is tried again after one minute, and after two more.",
    ko: "함수가 실패했습니다. 비동기 이벤트는 1분 후, 그다음 2분 후에 재시도됩니다.",
  },
  "rule.S-04 RetriesExhausted": {
    en: "The function failed, and MaximumRetryAttempts was used up.",
    ko: "함수가 실패했고 MaximumRetryAttempts를 모두 사용했습니다.",
  },
  "rule.S-06": {
    en: "The function was not reached. The event is tried again after 1 s, then less and less often; this costs no retry.",
    ko: "함수에 도달하지 못했습니다. 이벤트는 1초 후부터 점점 긴 간격으로 다시 시도되며, 재시도 횟수에 포함되지 않습니다.",
  },
  "rule.S-06 EventAgeExceeded": {
    en: "The event became older than MaximumEventAgeInSeconds before the function could be reached.",
    ko: "함수에 도달하기 전에 이벤트가 MaximumEventAgeInSeconds를 초과했습니다.",
  },
  "rule.S-10": {
    en: "The function's reserved concurrency is 0: it never runs, and that is reported at once.",
    ko: "함수의 예약된 동시성이 0이므로 실행되지 않으며, 바로 보고됩니다.",
  },
  "rule.S-12": {
    en: "The next retry would have come after MaximumEventAgeInSeconds: Lambda gives the event up without waiting.",
    ko: "다음 재시도가 MaximumEventAgeInSeconds 이후이므로 Lambda는 기다리지 않고 이벤트를 포기합니다.",
  },
  "rule.S-15": { en: "The function succeeded.", ko: "함수가 성공했습니다." },
  "rule.S-24": {
    en: "The event itself went to the function's dead-letter queue.",
    ko: "이벤트 자체가 함수의 배달 못한 편지 대기열(DLQ)로 전송되었습니다.",
  },
  "rule.S-34": {
    en: "The function has called itself through other services 16 times: Lambda stopped the loop.",
    ko: "함수가 다른 서비스를 통해 자신을 16번 호출하여 Lambda가 루프를 중지했습니다.",
  },
  "rule.S-46": { en: "The function succeeded with the batch: the shard is read on.", ko: "함수가 배치 처리에 성공하여 샤드를 계속 읽습니다." },
  "rule.S-48": {
    en: "The batch was closed since its payload was full: the rest comes with the next one.",
    ko: "페이로드가 가득 차서 배치가 마감되었고, 나머지는 다음 배치로 전달됩니다.",
  },
  "rule.S-50": { en: "The record is older than the mapping's starting position.", ko: "레코드가 매핑의 시작 위치보다 앞에 있습니다." },
  "rule.S-54": {
    en: "The record's retention in the stream ended before it was processed.",
    ko: "레코드가 처리되기 전에 스트림 보존 기간이 끝났습니다.",
  },
  "rule.S-56": {
    en: "The attempt failed: the batch is tried again, and its shard waits.",
    ko: "시도가 실패하여 배치를 다시 시도하며, 그동안 샤드는 대기합니다.",
  },
  "rule.S-57": {
    en: "The function was throttled: the batch is tried again, and this counts as no attempt.",
    ko: "함수가 스로틀링되어 배치를 다시 시도하며, 시도 횟수에 포함되지 않습니다.",
  },
  "rule.S-59": {
    en: "The batch was given up: its retries or its age were used up.",
    ko: "재시도 횟수나 레코드 수명을 모두 사용하여 배치를 포기했습니다.",
  },
  "rule.S-59 only the old are given up": {
    en: "Only the records that are too old are given up; the others are tried again.",
    ko: "너무 오래된 레코드만 포기하고 나머지는 다시 시도합니다.",
  },
  "rule.S-60": {
    en: "The batch failed and was split in two, which are tried one after the other. That costs no retry.",
    ko: "배치가 실패하여 둘로 분할되었고 차례로 시도됩니다. 재시도 횟수에 포함되지 않습니다.",
  },
  "rule.S-63": { en: "The record of the failure names the position in the stream.", ko: "실패 레코드가 스트림 내 위치를 알려 줍니다." },
  "rule.S-66": { en: "The record of the failure in S3 holds the whole event.", ko: "S3의 실패 레코드에 이벤트 전체가 들어 있습니다." },
  "rule.S-70": {
    en: "The function reported a failed record: what comes before it is done, the rest is tried again.",
    ko: "함수가 실패한 레코드를 보고했습니다. 그 앞의 레코드는 완료되고 나머지는 다시 시도됩니다.",
  },
  "rule.S-72": {
    en: "The checkpoint moved: attempts are counted anew.",
    ko: "체크포인트가 이동하여 시도 횟수를 새로 셉니다.",
  },
  "rule.S-78": {
    en: "No filter pattern of the mapping matches: the function does not get the record.",
    ko: "매핑의 필터 패턴과 일치하지 않아 함수에 전달되지 않습니다.",
  },
  "rule.S-88": { en: "The function succeeded: its messages are deleted from the queue.", ko: "함수가 성공하여 메시지가 대기열에서 삭제됩니다." },
  "rule.S-93": {
    en: "The function failed: nothing is deleted, and the messages are visible again when their visibility timeout ends.",
    ko: "함수가 실패했습니다. 아무것도 삭제되지 않으며, 표시 제한 시간이 끝나면 메시지가 다시 표시됩니다.",
  },
  "rule.S-94": {
    en: "The function was throttled: the messages are visible again later, and this receive has counted.",
    ko: "함수가 스로틀링되었습니다. 메시지는 나중에 다시 표시되며, 이번 수신은 횟수에 포함됩니다.",
  },
  "rule.S-95": {
    en: "The message was received maxReceiveCount times, and goes to the dead-letter queue.",
    ko: "메시지가 maxReceiveCount만큼 수신되어 배달 못한 편지 대기열(DLQ)로 이동합니다.",
  },
  "rule.S-97": {
    en: "What the function names in batchItemFailures comes back; all else is deleted from the queue.",
    ko: "함수가 batchItemFailures에 지정한 메시지만 돌아오고 나머지는 대기열에서 삭제됩니다.",
  },
  "rule.S-104": {
    en: "No filter pattern of the mapping matches: the message is deleted without a call.",
    ko: "매핑의 필터 패턴과 일치하지 않아 메시지가 호출 없이 삭제됩니다.",
  },
  "rule.U-24": {
    en: "No payload can hold the record: it is given up.",
    ko: "레코드가 너무 커서 어떤 페이로드에도 담을 수 없어 포기합니다.",
  },
};
