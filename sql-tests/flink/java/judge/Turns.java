package judge;

import java.util.TreeSet;

/**
 * Lets the sources of a job emit one at a time, in an order that does not depend on threads: whose turn it is waits until
 * every task of the job is at rest, emits, and hands over.
 */
final class Turns {
    /** Samples in a row, a millisecond apart, at which every other task thread must be waiting. */
    private static final int QUIET_SAMPLES = 3;

    static volatile Turns current = new Turns(true);

    private final boolean alternate;
    private final TreeSet<Integer> running = new TreeSet<>();
    private int expected = 0;
    private int opened = 0;
    private int holder = -1;

    Turns(boolean alternate) {
        this.alternate = alternate;
    }

    /** Called while a query is translated, in the order of its scans. */
    synchronized int nextScan() {
        return expected++;
    }

    synchronized void open(int scan) throws InterruptedException {
        running.add(scan);
        opened++;
        notifyAll();
        while (opened < expected) wait();
        if (holder < 0) holder = running.first();
    }

    void take(int scan) throws InterruptedException {
        boolean waited = false;
        synchronized (this) {
            while (holder != scan) {
                waited = true;
                wait();
            }
        }
        if (expected > 1 && (waited || alternate)) untilQuiet();
    }

    synchronized void handOver(int scan) {
        if (alternate) next(scan);
    }

    synchronized void finish(int scan) {
        next(scan);
        running.remove(scan);
    }

    private void next(int scan) {
        Integer after = running.higher(scan);
        holder = after != null ? after : running.first();
        notifyAll();
    }

    private static void untilQuiet() throws InterruptedException {
        for (int quiet = 0; quiet < QUIET_SAMPLES; quiet = allOthersWait() ? quiet + 1 : 0) Thread.sleep(1);
    }

    private static boolean allOthersWait() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        Thread[] threads = new Thread[group.activeCount() + 16];
        int count = group.enumerate(threads);
        for (int index = 0; index < count; index++) {
            Thread thread = threads[index];
            if (thread == Thread.currentThread() || !thread.getName().contains("(1/1)#")) continue;
            Thread.State state = thread.getState();
            if (state == Thread.State.RUNNABLE || state == Thread.State.BLOCKED || state == Thread.State.NEW) return false;
        }
        return true;
    }
}
