// Over HTTP: the server in a child, a ceiling in another, one generator for both. Look-ups run with one server thread
// on one CPU and the generator on another, so that what is compared is the servers and not the generator; redemptions
// have the whole machine, because they use several threads.

#include <unistd.h>

#include <fstream>
#include <thread>

#include "tools/bench/benchmarks.h"
#include "tools/bench/load.h"
#include "tools/bench/served.h"

namespace countersign::bench {
namespace {

constexpr std::size_t users = 4'000;

std::unique_ptr<Child> start_beast(const std::filesystem::path& directory, unsigned threads, std::optional<int> cpu) {
  const std::vector<std::string> command = {"/proc/self/exe", "--serve-beast", std::to_string(threads)};
  return std::make_unique<Child>(command, directory / "beast.log", cpu);
}

double rate(const Load& load) {
  const auto loaded = run(load);
  if (loaded.failed > 0)
    throw std::runtime_error(std::to_string(loaded.failed) + " answers were not 2xx: " + loaded.first_failure);
  return loaded.rate();
}

double look_ups(const Plan& plan, std::uint16_t port, const std::vector<std::string>& requests) {
  Load load{.port = port, .requests = &requests, .cpu = load_cpu()};
  load.seconds = 0.2;
  rate(load);  // caches warm
  load.seconds = plan.quick ? 0.7 : 2;
  return rate(load);
}

const std::vector<std::string>& plain_get() {
  static const std::vector<std::string> request = {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"};
  return request;
}

/// An account with users whose codes have been redeemed, on one thread of one CPU.
std::unique_ptr<Served> serve_look_ups(const Plan& plan, const std::filesystem::path& directory) {
  auto served = std::make_unique<Served>(plan, directory, 1, server_cpu());
  served->add_users(users);
  served->redeem(served->download_codes());
  return served;
}

std::vector<Result> look_ups_vs_beast(const Plan& plan, const char* name,
                                      std::vector<std::string> (Served::*requests_of)() const) {
  const Scratch scratch(plan);
  const auto served = serve_look_ups(plan, scratch.path());
  const auto requests = (*served.*requests_of)();
  const auto beast = start_beast(scratch.path(), 1, server_cpu());
  const auto ceiling = beast->port();
  auto result = alternate(
      plan, name, "requests/s", [&] { return look_ups(plan, served->port(), requests); },
      [&] { return look_ups(plan, ceiling, plain_get()); });
  result.goal = 1.0;
  result.stretch = 1.5;
  return {result};
}

std::string nginx_program() {
  for (const char* path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"})
    if (access(path, X_OK) == 0) return path;
  throw CannotRun{"nginx isn't installed"};
}

std::unique_ptr<Child> start_nginx(const std::filesystem::path& directory, std::uint16_t port) {
  const auto program = nginx_program();
  const auto file = directory / "nginx.conf";
  std::ofstream(file) << "daemon off;\nmaster_process off;\npid " << (directory / "nginx.pid").string()
                      << ";\nerror_log stderr;\nevents { worker_connections 1024; }\nhttp {\n  access_log off;\n"
                      << "  keepalive_requests 1000000000;\n  client_body_temp_path " << directory.string()
                      << ";\n  proxy_temp_path " << directory.string() << ";\n  fastcgi_temp_path "
                      << directory.string() << ";\n  uwsgi_temp_path " << directory.string() << ";\n  scgi_temp_path "
                      << directory.string() << ";\n  server { listen 127.0.0.1:" << port
                      << "; location / { return 200 '" << std::string(300, 'x') << "'; } }\n}\n";
  return std::make_unique<Child>(std::vector<std::string>{program, "-c", file.string(), "-p", directory.string()},
                                 directory / "nginx.log", server_cpu());
}

void wait_until_it_answers(std::uint16_t port) {
  for (const Stopwatch watch;; usleep(20'000)) {
    try {
      HttpClient(port).get("/", "");
      return;
    } catch (const std::exception&) {
      if (watch.seconds() > 10) throw;
    }
  }
}

}  // namespace

std::vector<Result> http_introspect_vs_beast(const Plan& plan) {
  return look_ups_vs_beast(plan, "http_introspect_vs_beast", &Served::introspect_requests);
}

std::vector<Result> http_user_vs_beast(const Plan& plan) {
  return look_ups_vs_beast(plan, "http_user_vs_beast", &Served::user_requests);
}

std::vector<Result> http_introspect_vs_nginx(const Plan& plan) {
  const Scratch scratch(plan);
  const auto port = free_port();
  const auto nginx = start_nginx(scratch.path(), port);
  wait_until_it_answers(port);
  const auto served = serve_look_ups(plan, scratch.path());
  const auto requests = served->introspect_requests();
  auto result = alternate(
      plan, "http_introspect_vs_nginx", "requests/s", [&] { return look_ups(plan, served->port(), requests); },
      [&] { return look_ups(plan, port, plain_get()); });
  result.goal = 0.5;
  result.stretch = 0.8;
  return {result};
}

std::vector<Result> http_redeem_vs_beast(const Plan& plan) {
  const Scratch scratch(plan);
  const std::size_t count = plan.quick ? 10'000 : 30'000;
  Served served(plan, scratch.path(), 0, {});
  served.add_users(count * static_cast<std::size_t>(plan.rounds()) + 2'000);
  auto codes = served.download_codes();
  const auto take = [&](std::size_t wanted) {
    if (codes.size() < wanted) throw std::runtime_error("too few codes");
    const std::vector<std::string> taken(codes.end() - static_cast<std::ptrdiff_t>(wanted), codes.end());
    codes.resize(codes.size() - wanted);
    return served.redeem_requests(taken);
  };
  const auto beast = start_beast(scratch.path(), std::thread::hardware_concurrency(), {});
  const auto ceiling = beast->port();
  const auto redeem = [&](const std::vector<std::string>& requests) {
    return rate({.port = served.port(), .requests = &requests});
  };
  redeem(take(2'000));  // caches warm
  std::vector<std::string> requests;
  auto result = alternate(
      plan, "http_redeem_vs_beast", "requests/s",
      [&] {
        requests = take(count);
        return redeem(requests);
      },
      [&] { return rate({.port = ceiling, .requests = &requests}); });
  result.goal = 0.25;
  result.stretch = 0.5;
  return {result};
}

std::vector<Result> http_verify_vs_redeem(const Plan& plan) {
  const Scratch scratch(plan);
  const std::size_t count = plan.quick ? 3'000 : 10'000;
  const auto all = count * static_cast<std::size_t>(plan.rounds());
  Served served(plan, scratch.path(), 0, {});
  say("enrolling " + std::to_string(all) + " users");
  const auto devices = served.add_devices(all);
  served.add_users(all);
  const auto codes = served.download_codes();
  if (devices.size() < all || codes.size() < all) throw std::runtime_error("too few users");
  std::size_t verified = 0, redeemed = 0, accepted = 0;
  std::vector<double> each_ms;
  auto result = alternate(
      plan, "http_verify_vs_redeem", "requests/s",
      [&] {
        const auto requests = served.verify_requests({devices.data() + verified, count});
        verified += count;
        return rate({.port = served.port(),
                     .requests = &requests,
                     .on_body = [&](std::string_view body) { accepted += body.find("true") != std::string_view::npos; },
                     .each_ms = &each_ms});
      },
      [&] {
        const auto from = codes.begin() + static_cast<std::ptrdiff_t>(redeemed);
        const auto requests = served.redeem_requests({from, from + static_cast<std::ptrdiff_t>(count)});
        redeemed += count;
        return rate({.port = served.port(), .requests = &requests});
      });
  if (accepted != all) throw std::runtime_error(std::to_string(all - accepted) + " passwords were not accepted");
  result.goal = 1.0;
  auto p99 = measured("http_verify_p99_ms", percentile(std::move(each_ms), 0.99), "ms", std::nullopt, false);
  return {result, p99};
}

}  // namespace countersign::bench
