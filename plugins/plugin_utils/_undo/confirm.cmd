@echo off
rem netmin.windows: puts back what a run changed, unless the run is confirmed in time. The key below says what.
rem Whatever the environment and the registry say of the command processor: these programs, and no other shell.
setlocal enableextensions disabledelayedexpansion
cd /d "%SystemRoot%\System32"
set "ComSpec=%SystemRoot%\System32\cmd.exe"
set "PATH=%SystemRoot%\System32"
set "PATHEXT=.EXE"
set "K=HKLM\SOFTWARE\netmin.windows\Confirm"
set "F=%~dp0confirm.out"
set "G=%~dp0confirm.key"
set "H=%~dp0confirm.two"
set N=0
call :read Outcome
if defined VALUE goto over
call :read Beats
if not defined VALUE goto over
set LIMIT=%VALUE%
call :read Run
if not defined VALUE goto over
set "RUN=%VALUE%"
:beat
reg query "%K%" /v Run
if errorlevel 1 exit /b 1
call :read Run
if defined VALUE if not "%VALUE%"=="%RUN%" exit /b 1
call :read Confirmed
if "%VALUE%"=="%RUN%" goto confirmed
if %N% geq %LIMIT% goto restore
set /a N+=1
reg add "%K%" /v Heartbeat /t REG_SZ /d %N% /f
ping -n 6 127.0.0.1 >nul
goto beat
:restore
reg add "%K%" /v Outcome /t REG_SZ /d "restoring after %N% beats" /f
reg add "%K%" /v Heartbeat /t REG_SZ /d restoring /f
call :disarm
set CODES=
set I=1000
:value
set /a I+=1
set T=1
reg query "%K%" /v %I:~1% >"%G%"
:command
set /a T+=1
set C=
for /f "usebackq tokens=%T% delims=&" %%q in ("%G%") do (
set C=1
%%q
call :note
)
if defined C goto command
if not %T%==2 goto value
reg query "%K%" /v Keys >"%G%"
set T=1
:keys
set /a T+=1
set C=
for /f "usebackq tokens=%T% delims=&" %%q in ("%G%") do (
set C=1
call :key "%%q"
)
if defined C goto keys
call :read Boot
reg add "%K%" /v Outcome /t REG_SZ /d "restored after %N% beats:%CODES%" /f
reg add "%K%" /v Heartbeat /t REG_SZ /d restored /f
if "%VALUE%"=="1" shutdown -r -f -t 5
exit /b 0
:confirmed
call :disarm
reg delete "%K%" /f
exit /b 0
:over
call :disarm
exit /b 0
:disarm
schtasks /delete /tn netmin.windows-confirm /f
sc delete netmin.windows-confirm
goto :eof
:read
set VALUE=
reg query "%K%" /v %1 >"%F%"
for /f "usebackq tokens=1,2*" %%q in ("%F%") do if "%%q"=="%1" set "VALUE=%%s"
goto :eof
:note
set "CODES=%CODES% %errorlevel%"
goto :eof
:key
set E=
set "L=%~1"
reg query %1 >"%F%"
for /f "usebackq delims=\ " %%r in ("%F%") do if not "%%r"=="HKEY_LOCAL_MACHINE" if not "%%r"=="!" if not "%%r"=="<NO" set E=1
find "REG_" <"%F%" >"%H%"
for /f "usebackq tokens=1,2 delims=<>" %%r in ("%H%") do if not "%%s"=="NO NAME" set E=1
find "<NO NAME>" <"%F%" >"%H%"
for /f "usebackq tokens=4" %%r in ("%H%") do set E=1
find "HKEY_" <"%F%" >"%H%"
for /f "usebackq delims=" %%r in ("%H%") do if /i not "%%r"=="HKEY_LOCAL_MACHINE%L:~4%" set E=1
if not defined E reg query %1 && reg delete %1 /f
goto :eof
