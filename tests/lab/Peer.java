// A TLS end made of Java's JSSE, for what OpenSSL and GnuTLS no longer have: SSLv2 hellos, SSLv3, EXPORT, single DES,
// static ECDH. Knows no SMTP in clear: tests/lab/bridge.py says STARTTLS for it.
//
//     java Peer.java server PORT KEYSTORE PROTOCOLS SUITES     one connection after the other
//     java Peer.java client PORT - PROTOCOLS SUITES            one, to loopback
//
// PROTOCOLS and SUITES are lists with commas; `-` leaves what Java does by itself.
import java.io.FileInputStream;
import java.security.KeyStore;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.*;

public class Peer {
    static final X509TrustManager ANYBODY = new X509ExtendedTrustManager() {
        public void checkClientTrusted(X509Certificate[] c, String a) { }
        public void checkServerTrusted(X509Certificate[] c, String a) { }
        public void checkClientTrusted(X509Certificate[] c, String a, java.net.Socket s) { }
        public void checkServerTrusted(X509Certificate[] c, String a, java.net.Socket s) { }
        public void checkClientTrusted(X509Certificate[] c, String a, SSLEngine e) { }
        public void checkServerTrusted(X509Certificate[] c, String a, SSLEngine e) { }
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    };

    static SSLContext context(String store) throws Exception {
        KeyManager[] keys = null;
        if (!store.equals("-")) {
            KeyStore ks = KeyStore.getInstance("PKCS12");
            ks.load(new FileInputStream(store), "lab".toCharArray());
            KeyManagerFactory f = KeyManagerFactory.getInstance("PKIX");
            f.init(ks, "lab".toCharArray());
            keys = f.getKeyManagers();
        }
        SSLContext c = SSLContext.getInstance("TLS");
        c.init(keys, new TrustManager[] {ANYBODY}, null);
        return c;
    }

    public static void main(String[] a) throws Exception {
        Security.setProperty("jdk.tls.disabledAlgorithms", "");
        Security.setProperty("jdk.certpath.disabledAlgorithms", "");
        SSLContext c = context(a[2]);
        int port = Integer.parseInt(a[1]);
        byte[] room = new byte[4096];
        if (a[0].equals("client")) {
            SSLSocket s = (SSLSocket) c.getSocketFactory().createSocket("127.0.0.1", port);
            if (!a[3].equals("-")) s.setEnabledProtocols(a[3].split(","));
            if (!a[4].equals("-")) s.setEnabledCipherSuites(a[4].split(","));
            s.startHandshake();
            s.getOutputStream().write("EHLO client.sender.example\r\n".getBytes());
            s.getInputStream().read(room);
            s.getOutputStream().write("QUIT\r\n".getBytes());
            s.close();
            return;
        }
        SSLServerSocket listener = (SSLServerSocket) c.getServerSocketFactory().createServerSocket(port);
        if (!a[3].equals("-")) listener.setEnabledProtocols(a[3].split(","));
        if (!a[4].equals("-")) listener.setEnabledCipherSuites(a[4].split(","));
        while (true) {
            try (SSLSocket s = (SSLSocket) listener.accept()) {
                s.getInputStream().read(room);
                s.getOutputStream().write("250 mx.rcpt.example\r\n".getBytes());
                s.getInputStream().read(room);
            } catch (java.io.IOException e) {
                System.err.println(e);
            }
        }
    }
}
