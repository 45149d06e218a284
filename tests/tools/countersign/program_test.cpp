// The program itself against a server that answers what it is told to: exit status, what goes where.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/tools/countersign/fake_server.h"

namespace countersign::cli {
namespace {

struct Ran {
  int status;
  std::string out, err;
};

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Program : public testing::Test {
 protected:
  Program() {
    char name[] = "/tmp/countersign-program-XXXXXX";
    home_ = ::mkdtemp(name);
  }
  ~Program() override { std::filesystem::remove_all(home_); }

  Ran run(const std::string& arguments, const std::string& key = "cskey_x") {
    const auto command = "env -i HOME=" + home_.string() + (key.empty() ? "" : " COUNTERSIGN_KEY=" + key) +
                         " " COUNTERSIGN_PROGRAM " " + arguments + " >" + (home_ / "out").string() + " 2>" +
                         (home_ / "err").string() + " </dev/null";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(home_ / "out"), contents(home_ / "err")};
  }
  std::filesystem::path home_;
};

TEST_F(Program, TwoForACommandLineThatIsNotUnderstood) {
  for (const char* arguments : {"", "nonsense", "users", "users list --limit x", "keys create a --role king",
                                "users erase usr_1", "--server ftp://x users list", "codes download"}) {
    const auto ran = run(arguments);
    EXPECT_EQ(ran.status, 2) << arguments;
    EXPECT_EQ(ran.out, "") << arguments;
    EXPECT_NE(ran.err, "") << arguments;
  }
}

TEST_F(Program, ZeroForHelpAndVersion) {
  for (const char* arguments : {"--help", "--version", "users --help", "users import --help"}) {
    const auto ran = run(arguments, "");
    EXPECT_EQ(ran.status, 0) << arguments;
    EXPECT_NE(ran.out, "") << arguments;
  }
}

TEST_F(Program, OneForARefusalWithItsReferenceOnStandardError) {
  FakeServer server([](const auto&) {
    return FakeServer::response(
        404, R"({"title":"Not Found","detail":"There is no such user.","code":"not-found","reference":"req_7"})");
  });
  const auto ran = run("--server " + server.url() + " users show usr_1");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(ran.err, "countersign: Not Found: There is no such user.\n  code: not-found\n  reference: req_7\n");
}

TEST_F(Program, OneWhenNobodyAnswers) {
  EXPECT_EQ(run("--server http://127.0.0.1:1 users list").status, 1);
}

TEST_F(Program, TwoWithoutAKeyAndForAKeyThatWouldTravelInClear) {
  EXPECT_EQ(run("users list", "").status, 2);
  EXPECT_EQ(run("--server http://codes.example users list").status, 2);
}

TEST_F(Program, OneWhenRowsOfAnImportWereRefused) {
  FakeServer server([](const FakeServer::Request& request) {
    if (request.method() == boost::beast::http::verb::post)
      return FakeServer::response(202, R"({"operation_id":"op_1"})");
    return FakeServer::response(200, R"({"id":"op_1","status":"done","total":2,"done":1,"failed":1,"rows":[{"line":3,)"
                                     R"("code":"email-invalid","detail":"not an address"}]})");
  });
  std::ofstream(home_ / "people.csv") << "First name,Last name,Email\nAda,Lovelace,ada@example.com\nNo,Body,x\n";
  const auto ran = run("--server " + server.url() + " users import " + (home_ / "people.csv").string());
  EXPECT_EQ(ran.status, 1);
  EXPECT_NE(ran.out.find("3\t\temail-invalid\tnot an address\n"), std::string::npos) << ran.out;
  const auto requests = server.requests();
  ASSERT_GE(requests.size(), 2u);
  EXPECT_EQ(requests[0]["Content-Type"], "text/csv");
  EXPECT_EQ(requests[0].body(), contents(home_ / "people.csv"));
}

TEST_F(Program, NamesACommandThatThereIsNot) {
  EXPECT_NE(run("frobnicate").err.find("no command 'frobnicate'"), std::string::npos);
  EXPECT_NE(run("usres list").err.find("did you mean 'users'?"), std::string::npos);
  EXPECT_NE(run("users improt x.csv").err.find("did you mean 'import'?"), std::string::npos);
}

TEST_F(Program, ShowsAnOperationWithManyRowsAsTheyCome) {
  constexpr int rows = 2500;
  std::string body = R"({"id":"op_1","status":"done","failed":2500,"detail":null,"rows":[)";
  for (int line = 1; line <= rows; ++line)
    body += (line > 1 ? "," : "") + std::string("{\"line\":") + std::to_string(line) +
            R"(,"code":"email-invalid","detail":"\u202e"})";
  FakeServer server([&](const auto&) { return FakeServer::response(200, body + "]}"); });
  const auto shown = run("--server " + server.url() + " operations show op_1");
  EXPECT_EQ(shown.status, 0);
  EXPECT_EQ(std::ranges::count(shown.out, '\n'), 4 + 1 + rows) << "the operation, titles, rows";
  EXPECT_NE(shown.out.find("\n2500\t\temail-invalid\t\\u{202e}\n"), std::string::npos);
  const auto waited = run("--server " + server.url() + " --json operations wait op_1");
  EXPECT_EQ(waited.status, 1);
  EXPECT_EQ(waited.out, body + "]}\n");
}

TEST_F(Program, DoesNotReadTheRowsOfAnOperationThatRuns) {
  std::atomic<int> looks = 0;
  FakeServer server([&](const auto&) {
    // The second row is never sent, as if there were very many.
    if (++looks < 3) return FakeServer::response(200, R"({"id":"op_1","status":"running","rows":[{"line":1},{"li)");
    return FakeServer::response(200, R"({"id":"op_1","status":"done","failed":0,"rows":[]})");
  });
  EXPECT_EQ(run("--server " + server.url() + " operations wait op_1").status, 0);
  EXPECT_EQ(looks, 3);
}

TEST_F(Program, JsonIsOneLineAnItem) {
  FakeServer server([](const auto&) {
    return FakeServer::response(200,
                                "{\"items\":[{\"id\":\"usr_1\",\"first_name\":\"\u202e\"},{\"id\":\"usr_2\"}],\"next\":"
                                "null,\"has_more\":false}");
  });
  EXPECT_EQ(run("--server " + server.url() + " --json users list").out,
            "{\"id\":\"usr_1\",\"first_name\":\"\\u202e\"}\n{\"id\":\"usr_2\"}\n");
}

TEST_F(Program, RemembersAKeyThatTheServerKnows) {
  FakeServer server([](const FakeServer::Request& request) {
    const bool known = request["Authorization"] == "Bearer cskey_good";
    return FakeServer::response(known ? 200 : 401,
                                known ? R"({"items":[]})" : R"({"title":"Unauthorized","code":"unauthorized"})");
  });
  EXPECT_EQ(run("--server " + server.url() + " login", "cskey_bad").status, 1);
  EXPECT_EQ(run("--server " + server.url() + " login", "cskey_good").status, 0);
  EXPECT_EQ(run("policy show", "").status, 0);
  EXPECT_EQ(run("logout", "").status, 0);
  EXPECT_EQ(run("policy show", "").status, 2);
}

TEST_F(Program, DownloadsIntoANewFileThatOnlyItsOwnerReads) {
  FakeServer server([](const auto&) { return FakeServer::response(200, "First name\nAda\n", "text/csv"); });
  const auto file = home_ / "codes.csv";
  EXPECT_EQ(run("--server " + server.url() + " codes download " + file.string()).status, 0);
  EXPECT_EQ(contents(file), "First name\nAda\n");
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
  EXPECT_EQ(run("--server " + server.url() + " codes download " + file.string()).status, 2);
}

TEST_F(Program, LeavesNoFileWhenADownloadIsRefused) {
  FakeServer server(
      [](const auto&) { return FakeServer::response(403, R"({"title":"Forbidden","code":"forbidden"})"); });
  const auto file = home_ / "codes.csv";
  EXPECT_EQ(run("--server " + server.url() + " codes download " + file.string()).status, 1);
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace countersign::cli
