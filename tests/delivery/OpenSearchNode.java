// One OpenSearch node on loopback, for tests: its folder, its port for HTTP, its port for other nodes. Runs until it is killed.
import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

import org.codelibs.opensearch.runner.OpenSearchRunner;

public class OpenSearchNode {
	public static void main(String[] arguments) throws Exception {
		OpenSearchRunner runner = new OpenSearchRunner();
		runner.onBuild((number, settings) -> {
			settings.put("network.host", "127.0.0.1");
			settings.put("http.port", arguments[1]);
			settings.put("transport.port", arguments[2]);
			settings.putList("node.roles", "cluster_manager", "data", "ingest");
			settings.putList("discovery.seed_hosts", "127.0.0.1:" + arguments[2]);
			settings.putList("cluster.initial_cluster_manager_nodes", "Node 1");
		}).build(newConfigs().clusterName("test").numOfNode(1).basePath(arguments[0]));
		runner.ensureYellow();
		System.out.println("ready");
		Thread.sleep(Long.MAX_VALUE);
	}
}
