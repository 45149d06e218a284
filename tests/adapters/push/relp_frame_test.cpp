#include "adapters/push/relp_frame.h"

#include <gtest/gtest.h>

namespace countersign::push {
namespace {

using State = RelpReader::State;

TEST(RelpFrame, IsReadAsItIsWritten) {
  std::string bytes;
  append_relp_frame(bytes, 1, "open", "relp_version=0\ncommands=syslog");
  append_relp_frame(bytes, last_relp_number, "syslog", "line with\nbreak");
  append_relp_frame(bytes, 7, "close", "");
  // Whole, and byte by byte.
  for (const std::size_t step : {bytes.size(), std::size_t{1}}) {
    RelpReader reader;
    std::vector<RelpFrame> frames;
    RelpFrame frame;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.add(std::string_view(bytes).substr(at, step));
      while (reader.read(frame) == State::frame) frames.push_back(frame);
    }
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].number, 1U);
    EXPECT_EQ(frames[0].command, "open");
    EXPECT_EQ(frames[1].number, last_relp_number);
    EXPECT_EQ(frames[1].data, "line with\nbreak");
    EXPECT_EQ(frames[2].command, "close");
    EXPECT_EQ(frames[2].data, "");
    EXPECT_EQ(reader.read(frame), State::more);
  }
}

TEST(RelpFrame, WhatPeersWriteIsRead) {
  // Examples of rsyslog's relp.html; some write a blank before the end though there is no data.
  for (const char* bytes : {"1 rsp 6 200 OK\n", "0 serverclose 0\n", "2 rsp 0 \n"}) {
    RelpReader reader;
    RelpFrame frame;
    reader.add(bytes);
    EXPECT_EQ(reader.read(frame), State::frame) << bytes;
  }
}

TEST(RelpFrame, WhatIsNoFrameIsBroken) {
  for (const char* bytes :
       {"HTTP/1.1 400 Bad Request\r\n", "1234567890 rsp 0\n", "x rsp 0\n", "1 rsp x\n", "1 rsp 1000000000 x",
        "1 rsp 6 200 OKX", "1  6 200 OK\n", "1 rsp 6\n200 OK\n", "1 rsp 65537 x", "-1 rsp 0\n",
        "1 an-unreasonably-long-command-that-has-no-end-in-sight-at-all"}) {
    RelpReader reader;
    RelpFrame frame;
    reader.add(bytes);
    EXPECT_EQ(reader.read(frame), State::broken) << bytes;
  }
}

TEST(RelpFrame, Status) {
  EXPECT_EQ(relp_status("200 OK"), 200U);
  EXPECT_EQ(relp_status("200"), 200U);
  EXPECT_EQ(relp_status("500 no room"), 500U);
  for (const char* data : {"", "20", "2000", "OK", "abc OK"}) EXPECT_EQ(relp_status(data), std::nullopt) << data;
}

}  // namespace
}  // namespace countersign::push
