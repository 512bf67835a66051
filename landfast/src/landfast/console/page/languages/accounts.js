export default {
  "nav.accounts": { en: "Accounts", ko: "결과" },
  "accounts.title": { en: "Accounts", ko: "결과" },
  "accounts.which": { en: "Account", ko: "결과" },
  "accounts.none": { en: "Nothing was sent", ko: "보낸 이벤트가 없습니다" },
};
