namespace GrpcServing.Hosting;

/// <summary>Every log event of the server. Rooms own a hundred each; retired numbers stay unused.</summary>
internal static class EventIds
{
    public const int Serving = 1000;
    public const int Stopping = 1001;
    public const int Stopped = 1002;
    public const int NothingToServe = 1003;
    public const int CutShort = 1004;

    public const int ModelLoaded = 1100;
    public const int ModelLoadFailed = 1101;
    public const int ModelRetired = 1102;
    public const int VersionLoadFailed = 1105;
    public const int ModelRemark = 1103;
    public const int LaneFailed = 1104;
    public const int CircuitOpened = 1106;
    public const int CircuitClosed = 1107;

    public const int TelemetryFailing = 1200;
    public const int TelemetryRecovered = 1201;
    public const int TelemetryVariableIgnored = 1202;
    public const int TelemetryExported = 1203;

    public const int ShadowPriority = 1300;
    public const int ShadowRunOverdue = 1301;
    public const int ShadowRunLost = 1302;
    public const int ShadowRunRecovered = 1303;
    public const int ShadowLaneFailed = 1304;

    public const int ShadowStarted = 1310;
    public const int ShadowStartFailed = 1311;
    public const int ShadowVerdict = 1312;
    public const int ShadowState = 1313;
    public const int ShadowEnded = 1314;
    public const int ShadowFailed = 1315;

    public const int CaptureOff = 1320;
}
