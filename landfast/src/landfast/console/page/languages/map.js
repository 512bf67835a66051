export default {
  "map.title": { en: "Map", ko: "지도" },
  "map.source": { en: "source", ko: "소스" },
  "map.function": { en: "function", ko: "함수" },
  "map.result": { en: "result", ko: "결과" },
  "map.failure": { en: "failure", ko: "실패" },
  "map.empty": { en: "This template has nothing that delivers events", ko: "이 템플릿에는 이벤트를 전달하는 리소스가 없습니다" },
  "map.notrun": { en: "Does not run here", ko: "여기서 실행되지 않음" },
  "map.direct": { en: "without a function", ko: "함수 없이 직접" },
};
