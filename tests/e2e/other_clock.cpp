// A library to preload: its process's wall clock is TEST_CLOCK_SHIFT_S seconds off. What is measured from
// the start of the machine stays right, and so do waits until a moment of either clock. (libfaketime clashes with
// jemalloc.)

#include <pthread.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace {

constexpr std::time_t longest_uptime_s = 1'000'000'000;  // a time greater than this is of the wall clock

std::time_t shift_s = 0;

__attribute__((constructor)) void read_shift() {
  const char* text = std::getenv("TEST_CLOCK_SHIFT_S");
  shift_s = text ? std::strtol(text, nullptr, 10) : 0;
}

timespec shifted_now() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
  now.tv_sec += shift_s;
  return now;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  *time = shifted_now();
  return 0;
}

int gettimeofday(timeval* time, void*) noexcept {
  const timespec now = shifted_now();
  *time = {now.tv_sec, now.tv_nsec / 1'000};
  return 0;
}

std::time_t time(std::time_t* time) noexcept {
  const auto now = shifted_now().tv_sec;
  if (time) *time = now;
  return now;
}

int timespec_get(timespec* time, int base) noexcept {
  *time = shifted_now();
  return base;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* until) {
  if (until->tv_sec < longest_uptime_s) return pthread_cond_clockwait(condition, mutex, CLOCK_MONOTONIC, until);
  const timespec unshifted{until->tv_sec - shift_s, until->tv_nsec};
  return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &unshifted);
}

// librdkafka's waits. A cnd_t and a mtx_t of glibc are what POSIX threads have.
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const timespec* until) {
  const int error = pthread_cond_timedwait(reinterpret_cast<pthread_cond_t*>(condition),
                                           reinterpret_cast<pthread_mutex_t*>(mutex), until);
  if (error == 0) return thrd_success;
  return error == ETIMEDOUT ? thrd_timedout : thrd_error;
}

}  // extern "C"
