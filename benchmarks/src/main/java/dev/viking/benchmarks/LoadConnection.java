package dev.viking.benchmarks;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * One kept-alive HTTP connection to the serving example on loopback. As little work as can be, so
 * that the load does not take the processor from the server that is measured. For one thread.
 */
final class LoadConnection implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 30_000;

  private final int port;
  private Socket socket;
  private InputStream in;
  private final byte[] line = new byte[1024];

  LoadConnection(int port) throws IOException {
    this.port = port;
    this.socket = open();
    this.in = new BufferedInputStream(socket.getInputStream(), 1 << 14);
  }

  private Socket open() throws IOException {
    Socket opened = new Socket(InetAddress.getLoopbackAddress(), port);
    opened.setTcpNoDelay(true);
    opened.setSoTimeout(TIMEOUT_MILLIS);
    return opened;
  }

  /** A request with a body, or without one, as bytes. */
  static byte[] request(String method, String path, String body) {
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n";
    return (head + body).getBytes(StandardCharsets.ISO_8859_1);
  }

  /** Sends a request and reads its answer to the end; the status, 200 and the like. */
  int send(byte[] request) throws IOException {
    return answer(request, null);
  }

  /** The body of an answer. */
  String text(byte[] request) throws IOException {
    StringBuilder body = new StringBuilder();
    answer(request, body);
    return body.toString();
  }

  private int answer(byte[] request, @org.jspecify.annotations.Nullable StringBuilder into)
      throws IOException {
    socket.getOutputStream().write(request);
    String status = readLine();
    if (!status.startsWith("HTTP/1.1 ")) {
      throw new IOException("no HTTP: " + status);
    }
    int code = Integer.parseInt(status, 9, 12, 10);
    long length = 0;
    boolean last = false;
    for (String header = readLine(); !header.isEmpty(); header = readLine()) {
      String lower = header.toLowerCase(Locale.ROOT);
      if (lower.startsWith("content-length:")) {
        length = Long.parseLong(lower.substring(15).strip());
      } else if (lower.equals("connection: close")) {
        last = true;
      }
    }
    if (into == null) {
      in.skipNBytes(length);
    } else {
      into.append(new String(in.readNBytes((int) length), StandardCharsets.UTF_8));
    }
    if (last) {
      reopen();
    }
    return code;
  }

  /** After a failure, or when the server has ended the connection. */
  void reopen() throws IOException {
    socket.close();
    socket = open();
    in = new BufferedInputStream(socket.getInputStream(), 1 << 14);
  }

  private String readLine() throws IOException {
    int length = 0;
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the server ended the connection");
      }
      if (length < line.length) {
        line[length++] = (byte) c;
      }
    }
    int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
    return new String(line, 0, end, StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
